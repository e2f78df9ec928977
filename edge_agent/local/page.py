"""The page on the box's own network: read, confirm with the PIN, sound. Pure but for its ports.

One small document without script; Vietnamese first, English below. Nothing of a request is
written back unescaped, and no answer says more of a PIN than that it was wrong.
"""

import base64
import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape

from edge_agent.errors import AgentError
from edge_agent.local.local_alert import ALL_CLEAR, TEST
from edge_agent.local.pin import PinLocked
from edge_agent.local.state import Asked, LocalState, Raisable
from edge_agent.log_setup import note

log = logging.getLogger("edge_agent.local.page")

REFRESH_S = 10
_RAISE = re.compile(r"/raise/([a-z0-9_]{1,60})")
_CLEAR = "/all-clear"
_PIN_CHARS = 12

_LANGUAGES = {
    "vi": "Việt",
    "sed": "Xơ Đăng",
    "tdr": "Tơ Đrá",
    "moo": "Mơ Nâm",
    "kxy": "Ca Dong",
    "hal": "Hà Lăng",
    "bdq": "Ba Na",
    "ren": "Rơ Ngao",
    "jeh": "Giẻ",
    "stg": "Triêng",
    "jra": "Gia Rai",
    "brb": "Brâu",
    "rmx": "Rơ Măm",
    "hre": "Hrê",
    "mtq": "Mường",
    "blt": "Thái đen",
    "tyz": "Tày",
    "nut": "Nùng",
}
_SILENCED = {
    "kill_switch": ("CÔNG TẮC NGẮT TIẾNG ĐANG BẬT", "The kill switch is on"),
    "maintenance": ("ĐANG BẢO TRÌ LOA", "The loudspeaker is under maintenance"),
}

_BUTTON = ("", "PHÁT BÁO ĐỘNG", "Sound the alert")
_BUTTONS = {
    TEST: ("plain", "PHÁT THỬ", "Sound the test"),
    ALL_CLEAR: ("clear", "PHÁT BÁO YÊN", "Sound the all-clear"),
}
"""Colour and words of what sends the form."""

_STYLE = """
*{box-sizing:border-box}
body{margin:0 auto;max-width:34rem;padding:.75rem;font:1.125rem/1.4 sans-serif;
color:#111;background:#fff}
h1{font-size:1.35rem;margin:.25rem 0 .75rem}
small{display:block;font-size:.85rem;font-weight:400}
.note{border:2px solid #111;border-radius:.5rem;padding:.6rem .75rem;margin:0 0 .75rem}
.on{background:#fff0c2}.bad{background:#ffd9d6}
a,button{display:block;width:100%;margin:0 0 .75rem;padding:.9rem .75rem;border:0;
border-radius:.6rem;font:700 1.35rem/1.25 sans-serif;text-align:left;text-decoration:none;
color:#fff;background:#a80f0f}
a.off{background:#5a5a5a}.clear{background:#0b5d2c}.plain{background:#264a78}
:focus-visible{outline:4px solid #0a84ff;outline-offset:2px}
label{display:block;font-weight:700;margin:0 0 .75rem}
input{display:block;width:100%;margin-top:.35rem;padding:.8rem;font-size:1.6rem;letter-spacing:.3em;
border:2px solid #111;border-radius:.5rem}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    # Not no-referrer: with that a browser would not say from where a form was sent.
    ("Referrer-Policy", "same-origin"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read whole; `names` are the hosts by which this box may be called."""

    method: str
    path: str
    host: str
    names: frozenset[str]
    peer: str
    origin: str = ""
    form: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """A status, more headers and a document."""

    status: str
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def encoded(self) -> bytes:
        """The bytes on the wire."""
        body = self.body.encode()
        lines = [f"HTTP/1.1 {self.status}"]
        lines += [f"{name}: {value}" for name, value in (*_HEADERS, *self.headers)]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        return "\r\n".join(lines).encode() + body


Ask = Callable[[Asked], LocalState]
"""Asks the agent's thread and waits for it. Raises `AgentError`."""

CheckPin = Callable[[str], None]
"""Returns for the right PIN. Raises `AgentError`."""


class Page:
    """Answers requests, from any thread."""

    def __init__(self, ask: Ask, check_pin: CheckPin, pin_is_set: Callable[[], bool]) -> None:
        self._ask = ask
        self._check_pin = check_pin
        self._pin_is_set = pin_is_set

    def answer(self, request: Request) -> Response:
        """What to say to `request`."""
        if request.host not in request.names:
            # Another name for this address: some page elsewhere may stand behind it.
            return _refusal("421 Misdirected Request", "Sai địa chỉ.", "Wrong address.")
        if request.method not in ("GET", "POST"):
            return _refusal("405 Method Not Allowed", "Không hỗ trợ.", "Not supported.")
        try:
            return self._get(request) if request.method == "GET" else self._post(request)
        except AgentError as e:
            return _refusal("503 Service Unavailable", e.vi, e.en)

    def _get(self, request: Request) -> Response:
        state = self._ask(Asked("state"))
        if request.path == "/":
            return Response("200 OK", _overview(state, pin_is_set=self._pin_is_set()))
        chosen = _chosen(request.path, state)
        if chosen is None:
            return _refusal("404 Not Found", "Không có trang này.", "There is no such page.")
        return Response("200 OK", _confirm(request.path, chosen, state))

    def _post(self, request: Request) -> Response:
        if request.origin != f"http://{request.host}":
            return _refusal("403 Forbidden", "Yêu cầu từ trang khác.", "Sent by another page.")
        state = self._ask(Asked("state"))
        chosen = _chosen(request.path, state)
        if chosen is None:
            return _refusal("404 Not Found", "Không có trang này.", "There is no such page.")
        told = {"hazard": chosen.hazard, "peer": request.peer}
        try:
            self._check_pin(request.form.get("pin", "").strip())
        except AgentError as e:
            note(log, "local_page_refused", level=logging.WARNING, reason=e.code, **told)
            status = "429 Too Many Requests" if isinstance(e, PinLocked) else "403 Forbidden"
            return Response(status, _confirm(request.path, chosen, state, wrong=e))
        note(log, "local_page_obeyed", level=logging.WARNING, **told)
        clears = request.path == _CLEAR
        self._ask(Asked("all_clear" if clears else "raise", chosen.hazard, "page"))
        return Response("303 See Other", headers=(("Location", "/"),))


def _chosen(path: str, state: LocalState) -> Raisable | None:
    if path == _CLEAR:
        return state.all_clear
    asked = _RAISE.fullmatch(path)
    return next((h for h in state.hazards if asked and h.hazard == asked[1]), None)


def _overview(state: LocalState, *, pin_is_set: bool) -> str:
    def lines() -> Iterator[str]:
        yield "<h1>Báo động tại chỗ<small>Local alert</small></h1>"
        yield from _silence(state)
        for alert in state.active:
            now = (
                ("đang phát", "sounding now") if alert.sounding else ("sẽ nhắc lại", "is repeated")
            )
            yield _note(
                f"{alert.vi}: {now[0]}, còn {alert.minutes_left} phút",
                f"{alert.en}: {now[1]}, {alert.minutes_left} minutes left",
                "on",
            )
        if not state.active:
            yield _note("Không có báo động nào tại hộp này.", "No alert of this box is on.")
        elif state.all_clear is not None:
            yield _link(_CLEAR, state.all_clear, _spoken(state.all_clear), "clear")
        if not pin_is_set:
            yield _note(
                "Chưa đặt mã PIN: chưa phát được gì. Hãy chạy loalang-agent pin trên hộp.",
                "No PIN is set: nothing can be raised here. Run loalang-agent pin on the box.",
                "bad",
            )
        if not state.hazards:
            yield _note(
                "Hộp chưa nhận đoạn báo động nào.", "The box has no alert clips yet.", "bad"
            )
        for hazard in state.hazards:
            lacks = "" if hazard.sounds else "thiếu âm thanh / audio lacks"
            kind = "off" if not hazard.sounds else "plain" if hazard.hazard == TEST else ""
            yield _link(f"/raise/{hazard.hazard}", hazard, lacks or _spoken(hazard), kind)
        if state.all_clear is not None and not state.active:
            yield _link(_CLEAR, state.all_clear, _spoken(state.all_clear), "clear")
        yield f"<small>Hộp / Box {escape(state.did)}</small>"

    return _document("Báo động tại chỗ", "".join(lines()), refresh=True)


def _confirm(
    path: str, chosen: Raisable, state: LocalState, *, wrong: AgentError | None = None
) -> str:
    clears = path == _CLEAR

    def lines() -> Iterator[str]:
        yield f"<h1>{escape(chosen.vi)}<small>{escape(chosen.en)}</small></h1>"
        if wrong is not None:
            yield _note(wrong.vi, wrong.en, "bad")
        yield from _silence(state)
        if not chosen.sounds:
            yield _note(
                "Hộp chưa có âm thanh này: sẽ chưa nghe thấy gì.",
                "The box lacks this audio: nothing will be heard yet.",
                "bad",
            )
        yield _note(*(_what_clears(chosen) if clears else _what_sounds(chosen, state)))
        if chosen.sounds and chosen.lacking:
            names = ", ".join(_LANGUAGES.get(tag, tag) for tag in chosen.lacking)
            yield _note(f"Chưa có tiếng: {names}.", f"Not in: {names}.", "bad")
        kind, vi, en = _BUTTONS.get(chosen.hazard, _BUTTON)
        yield f'<form method="post" action="{escape(path)}">'
        yield "<label>Mã PIN<small>PIN</small>"
        yield f'<input name="pin" type="password" inputmode="numeric" maxlength="{_PIN_CHARS}"'
        yield ' autocomplete="off" required autofocus></label>'
        yield f'<button class="{kind}">{vi}<small>{en}</small></button></form>'
        yield '<a class="plain" href="/">Quay lại<small>Back</small></a>'

    return _document(chosen.vi, "".join(lines()))


def _what_sounds(chosen: Raisable, state: LocalState) -> tuple[str, str]:
    vi, en = "Phát ngay trên loa này", "Sounds at once on this loudspeaker"
    if chosen.hazard == TEST:
        vi, en = f"{vi} một lần, không có còi", f"{en}, once and without siren"
    elif state.siren_s:
        vi, en = f"{vi}, sau {state.siren_s} giây còi", f"{en}, after {state.siren_s} s of siren"
    if state.repeat_minutes and chosen.hazard != TEST:
        vi += f", nhắc lại mỗi {state.repeat_minutes} phút trong {state.minutes} phút"
        en += f", again every {state.repeat_minutes} minutes for {state.minutes} minutes"
    names = _spoken(chosen)
    return f"{vi}. Tiếng: {names}.", f"{en}. Languages: {names}."


def _what_clears(chosen: Raisable) -> tuple[str, str]:
    names = _spoken(chosen)
    return (
        "Mọi báo động của hộp này dừng ngay, rồi phát một lần rằng nguy hiểm đã qua. "
        f"Báo động do xã, tỉnh phát thì vẫn còn. Tiếng: {names}.",
        "Every alert of this box ends at once, then it says once that the danger is over. "
        f"Alerts of the office stay. Languages: {names}.",
    )


def _silence(state: LocalState) -> Iterator[str]:
    if state.silenced:
        vi, en = _SILENCED.get(state.silenced, (state.silenced, state.silenced))
        yield _note(f"{vi}: sẽ không có tiếng.", f"{en}: nothing will sound.", "bad")


def _spoken(hazard: Raisable) -> str:
    return ", ".join(_LANGUAGES.get(tag, tag) for tag in hazard.languages)


def _note(vi: str, en: str, kind: str = "") -> str:
    return f'<p class="note {kind}">{escape(vi)}<small>{escape(en)}</small></p>'


def _link(path: str, hazard: Raisable, more: str, kind: str) -> str:
    words = f"{escape(hazard.vi)}<small>{escape(hazard.en)} · {escape(more)}</small>"
    return f'<a class="{kind}" href="{escape(path)}">{words}</a>'


def _refusal(status: str, vi: str, en: str) -> Response:
    return Response(status, _document("Loa Làng", _note(vi, en, "bad")))


def _document(title: str, body: str, *, refresh: bool = False) -> str:
    again = f'<meta http-equiv="refresh" content="{REFRESH_S}">' if refresh else ""
    return (
        '<!doctype html><html lang="vi"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{again}<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>"
    )
