"""A whole controller in this process, with real boxes as processes, for tests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import select

from controller.app import create_app, create_box_app
from controller.cli.api_client import Api
from controller.cli.village_boxes import Loudspeaker, VillageBox, set_up_box, start_box
from controller.mqtt import child
from controller.operations.load_sample import AT_ANY_HOUR, load_sample
from controller.operations.sign_in import enrol_first_account
from controller.server import listen, serving, serving_tls
from controller.settings import Settings
from controller.storage import tables
from controller.wiring import Controller, utc_now

T = TypeVar("T")


@dataclass(frozen=True)
class Stage:
    """A running controller, its address, a signed-in user, and its boxes."""

    controller: Controller
    url: str
    api: Api
    boxes: list[VillageBox]

    async def call(self, method: Callable[..., T], *arguments: object) -> T:
        """Use the API without holding the loop that answers it."""
        return await asyncio.to_thread(method, *arguments)

    async def approved(self, text: str) -> str:
        """An approved bulletin whose audio is ready."""
        draft = await self.call(self.api.post, "/bulletins", {"scripts": {"vi": text}})
        seen = {"version": draft["version"]}
        await self.call(self.api.post, f"/bulletins/{draft['id']}/approve", seen)

        async def ready() -> bool:
            shown = await self.call(self.api.get, f"/bulletins/{draft['id']}")
            return bool(shown["scripts"][0]["audio"]["state"] == "ready")

        await until(ready)
        identity: str = draft["id"]
        return identity

    async def clusters(self) -> list[dict[str, Any]]:
        """Every cluster as the page shows it."""
        found: list[dict[str, Any]] = await self.call(self.api.get, "/clusters")
        return found


async def until(holds: Callable[[], Awaitable[bool]], within_s: float = 45.0) -> None:
    """Wait until a condition holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(within_s):
        while not await holds():
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def staged(
    folder: Path,
    player: Callable[[str], Loudspeaker] | Loudspeaker,
    *,
    villages: int = 1,
    languages: Sequence[tuple[str, ...]] = (),
    broker_url: str = "embedded:",
    tls: bool = False,
) -> AsyncIterator[Stage]:
    """Everything running, each box online; `languages`: the order of each village, if not its own.

    `player` may be made for each village by its id. With `tls` the office has its own, on loopback.
    """
    sock = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with contextlib.AsyncExitStack() as stack:
        settings = Settings(data_dir=folder / "controller", broker_url=broker_url)
        settings = settings.model_copy(update=own_tls()) if tls else settings
        controller = Controller(settings, url)
        stack.push_async_callback(controller.stop)
        made = enrol_first_account(controller.database, utc_now())
        assert made is not None
        sample = load_sample(controller.database, villages, law=AT_ANY_HOUR)
        for village, order in zip(sample, languages, strict=False):
            _listens_in(controller, village.village_id, order)
        await controller.start()
        people = create_app(controller.services, "test")
        await stack.enter_async_context(serving(people, sock))
        if controller.tls is not None:
            boxes = create_box_app(controller.services)
            await stack.enter_async_context(serving_tls(people, boxes, settings, controller.tls))
        stack.callback(controller.services.closing.set)
        api = Api(url)
        await asyncio.to_thread(api.sign_in, *made)
        stage = Stage(controller, url, api, [])
        for village in sample:
            place = folder / "boxes" / village.village_id
            speaker = player if isinstance(player, Loudspeaker) else player(village.village_id)
            did = await set_up_box(api, village, place, speaker)
            box = await start_box(did, village, place, {})
            stack.push_async_callback(child.stop, box.process)
            stage.boxes.append(box)

        # Where files are served elsewhere, boxes are there and may still wait for them.
        there = ("san", "duyet") if settings.public_url else ("san",)

        async def all_online() -> bool:
            return all(c["status"] in there for c in await stage.clusters())

        await until(all_online)
        yield stage


def own_tls() -> dict[str, object]:
    """Settings of an office with TLS of its own, on ports that are free."""
    with contextlib.ExitStack() as held:
        socks = [held.enter_context(listen("127.0.0.1", 0)) for _ in range(3)]
        https, box, broker = (int(sock.getsockname()[1]) for sock in socks)
    return {
        "tls": "own",
        "tls_host": "127.0.0.1",
        "hostnames": "127.0.0.1",
        "https_port": https,
        "box_port": box,
        "broker_tls_port": broker,
    }


def _listens_in(controller: Controller, village_id: str, order: tuple[str, ...]) -> None:
    with controller.database.write() as session:
        zone = session.exec(select(tables.Zone).where(tables.Zone.unit_id == village_id)).one()
        zone.languages = list(order)
        session.add(zone)
