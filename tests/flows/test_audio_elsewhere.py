"""The whole way with all audio in a bucket: voiced, planned, fetched by a box, heard."""

import asyncio
from pathlib import Path

import pytest

from audio_library.cart import Figure
from tests.audio_library.store.s3_server import KEYS, s3_server
from tests.flows.stage import staged, until
from tests.flows.test_faults import outcomes, plan, virtual

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(120)]


def test_a_bulletin_whose_audio_lies_in_a_bucket_is_played_in_the_village(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with staged(tmp_path, virtual(tmp_path)) as stage:
            await plan(stage, await stage.approved("Họp thôn lúc 7h."), 8)

            async def played() -> bool:
                return await outcomes(stage) == ["played"]

            await until(played)

    with s3_server() as server:
        server.empty()
        for name, value in {**KEYS, "LOALANG_BLOB_URL": server.address()}.items():
            monkeypatch.setenv(name, value)
        asyncio.run(run())
        assert len(list(server.store().held())) == 1 + len(Figure)
    assert not (tmp_path / "controller" / "audio").exists()
