"""`loalang add-box`: take a box into the fleet of a running controller."""

from pathlib import Path

from controller.cli.api_client import Api
from controller.fleet.box_config import BoxConfig
from controller.mqtt.broker_files import write_private

STATE_DIR = "/var/lib/loalang-agent"


def add_box(url: str, user: str, password: str, cluster: str, public_key: str, out: Path) -> None:
    """Enrol the box that holds `public_key` at `cluster`; `out` gets its configuration."""
    api = Api(url)
    api.sign_in(user, password)
    enrolled = api.post("/boxes", {"cluster": cluster, "public_key": public_key})
    config = BoxConfig(
        did=enrolled["device"],
        state_dir=STATE_DIR,
        root_public=enrolled["root_public_key"],
        placement=enrolled["placement"],
        broker=enrolled["broker"],
        password=enrolled["password"],
    )
    write_private(out, config.to_toml())
    print(f"{enrolled['device']}: {out}")
