"""A version from the desk of an office to the hands of a box's updater, with a true box."""

import asyncio
from pathlib import Path

import pytest

from controller.cli.box_updates import send
from controller.cli.village_boxes import start_box
from controller.mqtt import child
from controller.operations.update_boxes import push_roll_outs
from controller.wiring import utc_now
from edge_agent import settings
from edge_agent.update import intake
from edge_agent.update.layout import Layout
from tests.controller.operations.test_update_boxes import packed
from tests.flows.stage import staged, until
from tests.flows.test_faults import virtual

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(180)]


def test_what_the_office_sends_is_what_the_updater_believes(tmp_path: Path) -> None:
    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path)) as stage:
            (box,) = stage.boxes
            await child.stop(box.process)
            layout = Layout.below(tmp_path / "machine")
            layout.records.mkdir(parents=True)
            config_file = box.folder / "agent.toml"
            with config_file.open("a") as config:
                config.write(f'\n[update]\nfolder = "{layout.records}"\n')
            again = await start_box(box.did, box.village, box.folder, {})
            try:
                bundle = packed(tmp_path / "bundle.tar.gz", "9.9.9")
                begun = await stage.call(send, stage.api, bundle, box.did, "100%")
                services = stage.controller.services
                chosen = settings.load(config_file)
                handed = Path(chosen.state_dir) / "update/order"

                async def has_come() -> bool:
                    await asyncio.to_thread(
                        push_roll_outs, services.database, services.authority, utc_now()
                    )
                    return handed.exists()

                await until(has_come)
                found = intake.take(Path(chosen.state_dir))
                assert found is not None
                ordered = intake.verified(found, chosen, layout)
                assert ordered.update.version == "9.9.9"
                assert layout.bundle.read_bytes() == bundle.read_bytes()
                (shown,) = await stage.call(stage.api.get, "/roll-outs")
                assert shown["id"] == begun["id"]
                assert [each["state"] for each in shown["boxes"]] == ["sent"]
            finally:
                await child.stop(again.process)

    asyncio.run(run())
