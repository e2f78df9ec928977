"""The local page: what it shows, whom it obeys, and what it never writes back."""

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import AgentError, DeskSilent
from edge_agent.local.page import Page, Request, Response
from edge_agent.local.pin import PinLocked, PinWrong
from edge_agent.local.state import Active, Asked, LocalState, Raisable

HOST = "192.168.4.1:8092"
ORIGIN = f"http://{HOST}"
FLOOD = Raisable("flash_flood", "Lũ quét", "Flash flood", ("vi", "bdq"))
MUTE = Raisable("fire", "Cháy", "Fire", (), ("vi",))
CLEAR = Raisable("all_clear", "Báo yên", "All clear", ("vi",))
STATE = LocalState("abcdef123456", (FLOOD, MUTE), CLEAR, (), "", 30, 5, 10)


@dataclass
class Hut:
    """An agent and its PIN, as the page knows them."""

    state: LocalState = STATE
    pin: str = "824613"
    wrong: AgentError = field(default_factory=lambda: PinWrong("Sai mã.", "Wrong."))
    busy: AgentError | None = None
    asked: list[Asked] = field(default_factory=list)

    def page(self) -> Page:
        return Page(self._ask, self._check, lambda: bool(self.pin))

    def _ask(self, asked: Asked) -> LocalState:
        if self.busy is not None:
            raise self.busy
        if asked.do != "state":
            self.asked.append(asked)
        return self.state

    def _check(self, pin: str) -> None:
        if pin != self.pin:
            raise self.wrong

    def get(self, path: str = "/", **changes: object) -> Response:
        request = Request("GET", path, HOST, frozenset({HOST}), "192.168.4.20")
        return self.page().answer(replace(request, **changes))  # type: ignore[arg-type]

    def post(self, path: str, pin: str = "824613", **changes: object) -> Response:
        sent = {"method": "POST", "origin": ORIGIN, "form": {"pin": pin}}
        return self.get(path, **(sent | changes))


def test_it_lists_the_hazards_in_two_languages_and_what_lacks() -> None:
    body = Hut().get().body
    assert body.index("Lũ quét") < body.index("Flash flood")
    assert 'href="/raise/flash_flood"' in body
    assert "Việt, Ba Na" in body
    assert "thiếu âm thanh" in body
    assert "Không có báo động nào" in body


def test_it_shows_what_is_on_and_what_silences_it() -> None:
    on = Active("local-1", "flash_flood", "Lũ quét", "Flash flood", 12, 3, sounding=True)
    body = Hut(replace_state(active=(on,), silenced="kill_switch")).get().body
    assert "đang phát, còn 12 phút" in body
    assert "CÔNG TẮC NGẮT TIẾNG ĐANG BẬT: sẽ không có tiếng" in body


def replace_state(**changes: object) -> LocalState:
    fields = {name: getattr(STATE, name) for name in STATE.__struct_fields__}
    return LocalState(**(fields | changes))


def test_before_it_sounds_it_says_what_will() -> None:
    body = Hut().get("/raise/flash_flood").body
    assert "10 giây còi" in body
    assert "mỗi 5 phút trong 30 phút" in body
    assert 'type="password"' in body


def test_a_test_is_told_as_one_and_what_lacks_is_told() -> None:
    trial = Raisable("test", "Phát thử", "Test", ("vi",), ("bdq",))
    body = Hut(replace_state(hazards=(trial,))).get("/raise/test").body
    assert "một lần, không có còi" in body
    assert "nhắc lại" not in body
    assert "Chưa có tiếng: Ba Na" in body
    assert "PHÁT THỬ" in body


def test_the_right_pin_raises_and_clears() -> None:
    hut = Hut()
    done = hut.post("/raise/flash_flood")
    assert (done.status, dict(done.headers)) == ("303 See Other", {"Location": "/"})
    hut.post("/all-clear")
    assert hut.asked == [
        Asked("raise", "flash_flood", "page"),
        Asked("all_clear", "all_clear", "page"),
    ]


def test_looking_alone_raises_nothing() -> None:
    hut = Hut()
    for path in ("/", "/raise/flash_flood", "/all-clear", "/raise/flash_flood?pin=824613"):
        hut.get(path)
    assert hut.asked == []


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (PinWrong("Sai mã.", "Wrong."), "403 Forbidden"),
        (PinLocked("Đợi.", "Wait."), "429 Too Many Requests"),
    ],
)
def test_a_wrong_pin_is_said_and_logged_with_its_sender(
    wrong: AgentError, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    hut = Hut(wrong=wrong)
    refused = hut.post("/raise/flash_flood", "111222")
    assert refused.status == status
    assert wrong.vi in refused.body
    assert "111222" not in refused.body
    assert hut.asked == []
    (record,) = caplog.records
    assert record.fields["peer"] == "192.168.4.20"  # type: ignore[attr-defined]
    assert "111222" not in str(record.fields)  # type: ignore[attr-defined]


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", f"https://{HOST}"])
def test_a_form_of_another_page_is_refused_even_with_the_pin(origin: str) -> None:
    hut = Hut()
    assert hut.post("/raise/flash_flood", origin=origin).status == "403 Forbidden"
    assert hut.asked == []


@pytest.mark.parametrize("host", ["", "evil.example", "evil.example:8092", "192.168.4.1"])
def test_a_name_that_is_not_this_box_is_refused(host: str) -> None:
    hut = Hut()
    for refused in (hut.get(host=host), hut.post("/raise/flash_flood", host=host)):
        assert refused.status == "421 Misdirected Request"
        assert "Lũ quét" not in refused.body
    assert hut.asked == []


def test_without_a_pin_it_says_how_to_set_one() -> None:
    hut = Hut(pin="")
    assert "loalang-agent pin" in hut.get().body


def test_a_busy_box_is_said_and_nothing_is_claimed() -> None:
    hut = Hut(busy=DeskSilent("Hộp đang bận.", "Busy."))
    assert hut.post("/raise/flash_flood").status == "503 Service Unavailable"


@pytest.mark.parametrize("path", ["/raise/", "/raise/earthquake", "/raise/../", "/x", "/raise/A"])
def test_what_is_not_there_is_not_found(path: str) -> None:
    hut = Hut()
    assert hut.get(path).status == "404 Not Found"
    assert hut.post(path).status == "404 Not Found"
    assert hut.asked == []


class _Tags(HTMLParser):
    """Names of the elements of a document, and whether any runs a script."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)


@given(
    text=st.text(max_size=40),
    path=st.text(max_size=40).map(lambda text: f"/{text}"),
    pin=st.text(max_size=40),
)
def test_nothing_is_written_back_as_markup(text: str, path: str, pin: str) -> None:
    evil = f"<script>{text}</script><img src=x onerror=1>"
    hazard = Raisable("evil", evil, evil, ("vi", "sed"), ())
    hut = Hut(replace_state(hazards=(hazard,), did=evil, silenced=evil))
    for response in (hut.get(), hut.get("/raise/evil"), hut.get(path), hut.post(path, pin)):
        tags = _Tags()
        tags.feed(response.body)
        assert not tags.found & {"script", "img", "iframe", "object"}


def test_every_answer_forbids_scripts_frames_and_keeping() -> None:
    sent = Hut().get().encoded().decode()
    head = sent.partition("\r\n\r\n")[0]
    assert "default-src 'none'" in head
    assert "frame-ancestors 'none'" in head
    assert "Cache-Control: no-store" in head
