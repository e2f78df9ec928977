"""Settings, from the environment (LOALANG_…) or given by the command line."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from audio_library.mastering.preset import Preset

WILDCARDS = ("0.0.0.0", "::")
"""Listen everywhere: fine to listen on, no address to connect to."""


def default_data_dir() -> Path:
    """Where a person's own controller keeps its data."""
    return Path.home() / ".local" / "share" / "loalang"


class Settings(BaseSettings):
    """All that can be chosen from outside; the defaults suit one commune on one machine."""

    model_config = SettingsConfigDict(env_prefix="LOALANG_", frozen=True)

    data_dir: Path = Field(default_factory=default_data_dir)
    database_url: str = ""
    """Empty: a SQLite file in `data_dir`."""
    broker_url: str = "embedded:"
    """`embedded:` or `mqtt(s)://user:password@host:port`."""
    http_host: str = "127.0.0.1"
    http_port: int = 8077
    broker_host: str = "127.0.0.1"
    """Where the embedded broker listens; 0.0.0.0 for boxes on the office's network."""
    broker_port: int = 0
    """Port of the embedded broker; 0: the one used last time, or a free one."""
    public_url: str = ""
    """Address under which boxes fetch audio; empty: the HTTP address."""
    secure_cookies: bool = False
    """True behind HTTPS."""
    tls: Literal["off", "own"] = "off"
    """`own`: this controller's own authority certifies its servers and its boxes."""
    tls_host: str = "0.0.0.0"
    """Where the three TLS ports listen."""
    https_port: int = Field(default=8443, ge=1, le=65_535)
    """People's pages, API, pairing and renewal, with `tls` = own."""
    box_port: int = Field(default=8444, ge=1, le=65_535)
    """Audio and pages for boxes that hold a certificate."""
    broker_tls_port: int = Field(default=8883, ge=1, le=65_535)
    """The broker for boxes that hold a certificate."""
    hostnames: str = ""
    """Names and addresses of this machine, with commas between, as boxes and browsers reach it;
    empty: its name, `<name>.local` and its addresses."""
    time_zone: str = "Asia/Ho_Chi_Minh"
    four_eyes: bool = False
    """True: who wrote a bulletin may not approve it."""
    horizon_days: int = Field(default=14, ge=1, le=14)
    priority_wait_minutes: int = Field(default=120, ge=0, le=10_080)
    """How long a commune may take to order colliding ưu tiên bulletins; then the default stands."""
    priority_ahead_minutes: int = Field(default=30, ge=0, le=1_440)
    """It stands so long before their session at the latest."""
    blob_url: str = "file:"
    """Where audio is kept: `file:` (in `data_dir`), `file:///folder`, or
    `s3://bucket/prefix?endpoint=https://…&region=…`; keys only from AWS_… variables."""
    audio_limit_bytes: int = 0
    """Largest size of the audio store; 0: as much as the disk holds."""
    preset: Preset = Preset.HORN
    """For which loudspeakers new audio is mastered: `horn`, or `plain` for wide-band ones."""
    allow_trial_broker: bool = False
    """May amqtt stand in where mosquitto is not installed: for trying out only."""
    real_broker: bool = True
    """False: use the trial broker even if mosquitto is installed."""
    prepare_phrases: bool = False
    """Are the phrases of emergencies made without being asked; `loalang serve` does."""
    online_voices: bool = False
    """May text leave the house for a voice service."""
    voices_dir: Path | None = None
    """Folder of voice files; none: `voices` in `data_dir`."""
    voices_url: str = ""
    """Where `loalang voices install` finds voices; empty: at their publisher."""
    keys_passphrase_file: Path | None = None
    """File with the recovery code, from a store of secrets: opens the root key of `data_dir/keys`
    where the code does not lie beside it."""
    mms: bool = False
    """The administrator has read and accepts the licence of MMS: CC-BY-NC 4.0, not commercial."""

    def voices_folder(self) -> Path:
        """Where voice files are put."""
        return self.voices_dir or self.data_dir / "voices"

    def sqlite_path(self) -> Path | None:
        """The database file, or None when it is a server."""
        if not self.database_url:
            return self.data_dir / "loalang.sqlite3"
        prefix = "sqlite:///"
        has = self.database_url.startswith(prefix)
        return Path(self.database_url.removeprefix(prefix)) if has else None

    def sqlalchemy_url(self) -> str:
        """Address of the database for SQLAlchemy."""
        path = self.sqlite_path()
        return f"sqlite:///{path}" if path else self.database_url
