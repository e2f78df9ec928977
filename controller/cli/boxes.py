"""`loalang add-box`: take a box into the fleet of a running controller."""

from pathlib import Path

from controller.cli.signed_in import signed_in
from controller.fleet.box_config import BoxConfig
from controller.mqtt.broker_files import write_private

STATE_DIR = "/var/lib/loalang-agent"


def add_box(url: str, user: str, password: str, cluster: str, public_key: str, out: Path) -> None:
    """Enrol the box that holds `public_key` at `cluster`; `out` gets its configuration."""
    enrolled = signed_in(url, user, password).post(
        "/boxes", {"cluster": cluster, "public_key": public_key}
    )
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
