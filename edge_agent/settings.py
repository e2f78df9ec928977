"""Settings of one box, read from a TOML file."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from edge_agent import paired
from edge_agent.contract.types import DeviceId
from edge_agent.errors import BadConfig, NotPaired

Argv = tuple[str, ...]
Pin = Annotated[int, Meta(ge=0, le=63)]
"""A pin of the board, by its BCM number."""


class BrokerAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a broker listens and how the box proves itself; its user name is its own id."""

    url: Annotated[str, Meta(max_length=500)]
    password: str = ""
    ca_file: str = ""

    def __repr__(self) -> str:
        """Say everything but the password."""
        return f"BrokerAddress({self.url!r})"

    @property
    def tls(self) -> bool:
        """Whether the address asks for TLS."""
        return urlsplit(self.url).scheme == "mqtts"

    @property
    def host(self) -> str:
        """Host name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """TCP port, by default 8883 with TLS and 1883 without."""
        return urlsplit(self.url).port or (8883 if self.tls else 1883)


class PlayerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What turns files into sound: mpv, or any program that speaks the player protocol.

    A sound card that swallows the first moments gets `preroll_ms` of silence before each sound.
    """

    kind: Literal["mpv", "command"]
    argv: Argv = ()
    audio_output: str = ""
    audio_device: str = ""
    preroll_ms: Annotated[int, Meta(ge=0, le=3_000)] = 0


class AmplifierSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What switches the amplifier: two programs, or pin `gpio` of the board (BCM number).

    `lead_ms` is what it needs to wake up; it stays on for `hold_ms` after the last sound.
    """

    on: Argv = ()
    off: Argv = ()
    gpio: Pin | None = None
    active_high: bool = True
    lead_ms: Annotated[int, Meta(ge=0, le=4_000)] = 0
    hold_ms: Annotated[int, Meta(ge=0, le=600_000)] = 5_000


class HornSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An ear at the horn: a microphone of ALSA, or a program that says one number a second.

    `unit` is what such a program counts in. A play was heard if it rose over the silence before
    it by `threshold_db`.
    """

    kind: Literal["none", "alsa", "command"] = "none"
    device: str = "default"
    argv: Argv = ()
    unit: Literal["dBFS", "mA"] = "dBFS"
    threshold_db: Annotated[float, Meta(ge=3.0, le=60.0)] = 12.0


class NeighbourSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Boxes of one LAN that give each other audio; `interface` is an IPv4 address of this box."""

    enabled: bool = False
    port: Annotated[int, Meta(ge=1, le=65_535)] = 8790
    group: Annotated[str, Meta(pattern=r"^239(\.\d{1,3}){3}\Z")] = "239.192.76.76"
    interface: Annotated[str, Meta(pattern=r"^\d{1,3}(\.\d{1,3}){3}\Z")] = "0.0.0.0"


class UpdateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`folder` is where the system's updater says how it went; "" = this box has none."""

    folder: str = ""


class HealthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`signal` is a program that prints the strength of a modem's radio in dBm."""

    signal: Argv = ()


class SwitchSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """While pin `kill_gpio` is joined to ground, the box is silent."""

    kill_gpio: Pin | None = None


class ButtonSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A button between pin `gpio` and ground that raises the alert of `hazard`."""

    gpio: Pin
    hazard: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[a-z0-9_]+\Z")]


class LocalAlertSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Alerts raised at the box: by buttons under a key, or on a page of its own network.

    A button counts that is held for `hold_s` while the key switch joins `key_gpio` to ground. The
    page is at `page_port` (0 = none) of `interface`, an IPv4 address of this box. An alert lasts
    `minutes`, is said again every `repeat_minutes` (0 = once), each time after `siren_s` of siren.
    """

    enabled: bool = False
    interface: Annotated[str, Meta(pattern=r"^\d{1,3}(\.\d{1,3}){3}\Z")] = "0.0.0.0"
    page_port: Annotated[int, Meta(ge=0, le=65_535)] = 8092
    key_gpio: Pin | None = None
    buttons: Annotated[tuple[ButtonSettings, ...], Meta(max_length=16)] = ()
    all_clear_gpio: Pin | None = None
    hold_s: Annotated[int, Meta(ge=1, le=30)] = 3
    minutes: Annotated[int, Meta(ge=5, le=1_440)] = 30
    repeat_minutes: Annotated[int, Meta(ge=0, le=1_440)] = 5
    siren_s: Annotated[int, Meta(ge=0, le=30)] = 10


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a box must be told before its first connection.

    `root_public_key` is raw ed25519 in base64url; `placement` is sealed by that root. These, `did`,
    `brokers` and `offices` (https addresses) come of its papers where it was paired by a code.
    Downloads that are not urgent begin within `max_spread_s`, each box at its own moment.
    While the file at `kill_switch` or `maintenance_switch` exists, the box is silent.
    `heartbeat_s` is only for a box that is to speak more often than its controller asks for.
    `reboot` is the program that starts the machine anew; without one that is refused.
    Below the folder `sticks` (such as /media) sticks are mounted; "" = none is looked for.
    """

    state_dir: str
    player: PlayerSettings
    did: DeviceId = ""
    root_public_key: str = ""
    placement: str = ""
    brokers: Annotated[tuple[BrokerAddress, ...], Meta(min_length=1, max_length=8)] = ()
    offices: Annotated[tuple[str, ...], Meta(max_length=8)] = ()
    amplifier: AmplifierSettings = AmplifierSettings()
    horn: HornSettings = HornSettings()
    kill_switch: str = ""
    maintenance_switch: str = ""
    sticks: str = ""
    switches: SwitchSettings = SwitchSettings()
    local_alert: LocalAlertSettings = LocalAlertSettings()
    health: HealthSettings = HealthSettings()
    reboot: Argv = ()
    trust_system_clock: bool = False
    heartbeat_s: Annotated[int, Meta(ge=1, le=3_600)] = 3_600
    neighbours: NeighbourSettings = NeighbourSettings()
    update: UpdateSettings = UpdateSettings()
    max_spread_s: Annotated[int, Meta(ge=0, le=600)] = 600
    disk_reserve_mb: Annotated[int, Meta(ge=0, le=1_000_000)] = 100


_IDENTITY = ("did", "root_public_key", "placement", "brokers")


def load(path: Path) -> Settings:
    """Settings of a box that knows who it is. Raises `BadConfig`, `BadIdentity`, `NotPaired`."""
    return identified(read(path))


def identified(chosen: Settings) -> Settings:
    """With the papers of the state folder, if it has any.

    Raises `BadIdentity`, `NotPaired`.
    """
    state_dir = Path(chosen.state_dir)
    papers = paired.read(state_dir)
    if papers is None:
        if not chosen.did:
            raise NotPaired(
                "Thiết bị chưa thuộc văn phòng nào. Xin văn phòng một mã ghép nối, rồi chạy "
                "`loalang-agent pair MÃ --config TỆP`.",
                "The box belongs to no office yet. Ask the office for a pairing code, then run "
                "`loalang-agent pair CODE --config FILE`.",
            )
        return chosen
    ca_file = str(state_dir / paired.CA_FILE)
    return replace(
        chosen,
        did=papers.did,
        root_public_key=papers.root_public_key,
        placement=papers.placement,
        brokers=tuple(BrokerAddress(url, ca_file=ca_file) for url in papers.brokers),
        offices=papers.offices,
    )


def read(path: Path) -> Settings:
    """Read and check the file at `path`, which need not say who the box is. Raises `BadConfig`."""
    try:
        settings = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Settings)
    except OSError as e:
        raise BadConfig(
            f"Không đọc được tệp cấu hình {path}: {e.strerror}. Hãy kiểm tra đường dẫn và quyền.",
            f"Cannot read the configuration {path}: {e.strerror}. Check the path and its rights.",
        ) from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as e:
        raise BadConfig(
            f"Tệp cấu hình {path} sai: {e}. Hãy sửa dòng đó rồi chạy lại.",
            f"The configuration {path} is wrong: {e}. Correct it and start again.",
        ) from e
    lacking = [name for name in _IDENTITY if not getattr(settings, name)]
    if 0 < len(lacking) < len(_IDENTITY):
        raise BadConfig(
            f"Tệp cấu hình {path} thiếu {', '.join(lacking)}. Hãy ghi đủ, hoặc bỏ cả "
            f"{', '.join(_IDENTITY)} rồi ghép nối.",
            f"The configuration {path} lacks {', '.join(lacking)}. Write all of "
            f"{', '.join(_IDENTITY)}, or none of them and pair the box.",
        )
    for broker in settings.brokers:
        _check_broker(path, broker.url)
    if settings.player.kind == "command" and not settings.player.argv:
        raise BadConfig(
            f'Tệp cấu hình {path}: player.kind là "command" nhưng thiếu player.argv.',
            f'The configuration {path}: player.kind is "command" but player.argv is missing.',
        )
    if settings.horn.kind == "command" and not settings.horn.argv:
        raise BadConfig(
            f'Tệp cấu hình {path}: horn.kind là "command" nhưng thiếu horn.argv.',
            f'The configuration {path}: horn.kind is "command" but horn.argv is missing.',
        )
    _check_pins(path, settings)
    return settings


def _check_pins(path: Path, settings: Settings) -> None:
    local = settings.local_alert
    pressed = [button.gpio for button in local.buttons]
    if local.all_clear_gpio is not None:
        pressed.append(local.all_clear_gpio)
    if pressed and local.key_gpio is None:
        raise BadConfig(
            f"Tệp cấu hình {path}: có nút báo động nhưng thiếu khoá local_alert.key_gpio.",
            f"The configuration {path}: there are buttons but no key switch local_alert.key_gpio.",
        )
    others = (settings.amplifier.gpio, settings.switches.kill_gpio, local.key_gpio)
    pins = [*pressed, *(pin for pin in others if pin is not None)]
    twice = sorted({pin for pin in pins if pins.count(pin) > 1})
    if twice:
        raise BadConfig(
            f"Tệp cấu hình {path}: chân GPIO {twice[0]} được dùng hai lần.",
            f"The configuration {path}: pin GPIO {twice[0]} is used twice.",
        )


def _check_broker(path: Path, url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("mqtt", "mqtts") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise BadConfig(
            f"Tệp cấu hình {path}: địa chỉ broker {url!r} không dùng được; "
            "cần mqtt://máy:cổng hoặc mqtts://máy:cổng.",
            f"The configuration {path}: broker address {url!r} cannot be used; "
            "write mqtt://host:port or mqtts://host:port.",
        )
