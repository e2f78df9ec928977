"""Who reads a time at a terminal reads the hours of the loudspeakers."""

from datetime import datetime

import pytest

from controller.cli import api_client
from controller.cli.signed_in import signed_in


def test_instants_are_shown_as_they_are_where_the_loudspeakers_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sign_in(api: api_client.Api, name: str, password: str) -> None:
        api.time_zone = "Asia/Ho_Chi_Minh"

    monkeypatch.setattr(api_client.Api, "sign_in", sign_in)
    signed_in("http://127.0.0.1:9", "an", "x")
    shown = datetime.fromisoformat("2026-11-23T05:46:00+00:00").astimezone()
    assert f"{shown:%H:%M}" == "12:46"
