"""The library: voices, how names are read, phrases, what is kept; plain forms, no script needed."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from audio_library.errors import AudioLibraryError
from audio_library.languages import LANGUAGES
from audio_library.phrases.catalogue import Category
from audio_library.wording.dialect import Dialect
from controller.console import shelf
from controller.console.door import SIGN_IN
from controller.console.places_heard import offices, read_places
from controller.console.reading import DIALECTS_VI
from controller.console.screen import Screen
from controller.console.studio import open_phrase_studio
from controller.console.words import WallClock
from controller.doors import Given, MaybeSigned, Signed, refuse_foreign_origin
from controller.errors import ControllerError
from controller.operations.enrol_reader import withdraw_reader
from controller.operations.keeping import keeping_rules, purges, set_keeping
from controller.operations.phrase_audio import render_phrases
from controller.operations.phrase_bank import set_phrase, unset_phrase
from controller.operations.purge import Purged, purge
from controller.operations.services import Services
from controller.operations.sign_in import Person
from controller.operations.teach_reading import add_reading, remove_reading
from controller.operations.unit_speech import LexiconKind, own_speech, set_unit_speech, unit_speech
from controller.operations.voices import orders, prefer
from controller.storage import lexicons, takes
from schedules.errors import ScheduleError

LIBRARY = "/thu-vien"
PURGES_SHOWN = 50
PHRASES_SHOWN = 250
"""More than any kind but places has; of a province the places are shown by commune."""

Text = Annotated[str, Form(max_length=4_000)]
Asked = Annotated[str, Query(max_length=120)]
Act = Callable[[Person], str]
"""Does what a form asks for; gives the words that say so."""


def router(show: Screen) -> APIRouter:
    """Addresses of the library; `xa` is the unit, `tieng` the language, `loai` kind of phrases."""
    at = APIRouter(include_in_schema=False, prefix=LIBRARY)

    def page(
        request: Request, given: Services, who: Person, status: int = 200, **asked: Any
    ) -> Response:
        with given.database.read() as session:
            shown = _library(session, given, who, **asked)
        return show(request, "library.html", status, **shown)

    def done(
        request: Request, given: Services, who: Person | None, section: str, act: Act, **kept: Any
    ) -> Response:
        """Do it and show the section again, or show there why it was not done."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        refuse_foreign_origin(request)
        try:
            said = act(who)
        except (ControllerError, AudioLibraryError, ScheduleError) as refusal:
            return page(request, given, who, 422, **kept, refused=(section, refusal.vi))
        return page(request, given, who, **kept, said=(section, said))

    @at.get("")
    def get_library(
        request: Request,
        given: Given,
        who: MaybeSigned,
        xa: Asked = "",
        tieng: Asked = "",
        loai: Asked = "",
    ) -> Response:
        """The whole page."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        return page(request, given, who, xa=xa, tieng=tieng, loai=loai)

    @at.get("/thu")
    def get_phrase(
        request: Request, given: Given, who: MaybeSigned, tieng: Asked = "", cau: Asked = ""
    ) -> Response:
        """Record one phrase in one language."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        if tieng not in LANGUAGES:
            return RedirectResponse(LIBRARY, 303)
        with given.database.read() as session:
            shown = _phrase(session, given, who, tieng, cau)
        return show(request, "record_phrase.html", **shown)

    @at.get("/thu/phan")
    def get_phrase_part(
        request: Request, given: Given, who: Signed, tieng: Asked = "", cau: Asked = ""
    ) -> Response:
        """The recordings of one phrase as they are now."""
        with given.database.read() as session:
            shown = _phrase(session, given, who, tieng, cau)
        return show(request, "parts/recording.html", **shown)

    @at.get("/{form:path}")
    def get_form(form: str) -> Response:
        """Where a form was sent: whoever comes back there wants the page."""
        return RedirectResponse(LIBRARY, 303)

    @at.post("/giong")
    def post_order(
        request: Request,
        given: Given,
        who: MaybeSigned,
        tieng: Text = "",
        giong: Text = "",
        huong: Text = "",
    ) -> Response:
        """Try a voice sooner or later."""

        def act(by: Person) -> str:
            with given.database.read() as session:
                tried = {o.language: o.tried for o in orders(session, given.engines)}
            order = shelf.moved(tried.get(tieng, ()), giong, up=huong == "len")
            prefer(given.database, tieng, order, given.engines, by.name, given.clock())
            return "Đã đổi thứ tự giọng đọc. Âm thanh đã làm vẫn giữ nguyên."

        return done(request, given, who, "giong", act)

    @at.post("/nguoi-doc")
    def post_withdrawn(
        request: Request, given: Given, who: MaybeSigned, nguoi: Text = "", why: Text = ""
    ) -> Response:
        """A reader takes the consent back."""

        def act(by: Person) -> str:
            lost = withdraw_reader(given.database, nguoi, by.name, why, given.clock())
            return (
                f"Giọng của {lost.reader.name} không còn được phát: {len(lost.bulletins)} bản tin "
                f"và {lost.coming_plays} lượt phát sắp tới mất giọng này."
            )

        return done(request, given, who, "giong", act)

    @at.post("/tu-dien")
    def post_entry(
        request: Request,
        given: Given,
        who: MaybeSigned,
        xa: Text = "",
        loai: Annotated[LexiconKind, Form()] = LexiconKind.READING,
        written: Text = "",
        spoken: Text = "",
    ) -> Response:
        """Teach a reading."""

        def act(by: Person) -> str:
            kept = add_reading(given.database, xa, loai, written, spoken, by.name, given.clock())
            return f"Từ nay đọc “{kept.written}” là “{kept.spoken}”. Tin đã duyệt giữ nguyên lời."

        return done(request, given, who, "tu-dien", act, xa=xa, typed=(written, spoken))

    @at.post("/tu-dien/bo")
    def post_no_entry(
        request: Request,
        given: Given,
        who: MaybeSigned,
        xa: Text = "",
        muc: Annotated[int, Form(ge=1, le=2**53)] = 1,
    ) -> Response:
        """Read those words by rule again."""

        def act(by: Person) -> str:
            remove_reading(given.database, muc, by.name, given.clock())
            return "Đã bỏ mục này. Tin đã duyệt giữ nguyên lời."

        return done(request, given, who, "tu-dien", act, xa=xa)

    @at.post("/cach-noi")
    def post_speech(
        request: Request,
        given: Given,
        who: MaybeSigned,
        xa: Text = "",
        vung: Text = "",
        bao_dam: Text = "",
    ) -> Response:
        """How a unit is spoken to."""

        def act(by: Person) -> str:
            set_unit_speech(
                given.database,
                xa,
                by.name,
                given.clock(),
                dialect=Dialect(vung) if vung in list(Dialect) else None,
                reader_vouches={"co": True, "khong": False}.get(bao_dam),
            )
            return "Đã lưu cách nói của nơi này. Tin đã duyệt giữ nguyên lời."

        return done(request, given, who, "tu-dien", act, xa=xa)

    @at.post("/cum-tu")
    async def post_phrases(request: Request, given: Given, who: MaybeSigned) -> Response:
        """How a language says phrases: fields `w.<id>`; what is emptied is forgotten."""
        form = await request.form()
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        tieng, loai = fields.get("tieng", ""), fields.get("loai", "")
        wanted = {n.removeprefix("w."): v.strip() for n, v in fields.items() if n[:2] == "w."}

        def act(by: Person) -> str:
            with given.database.read() as session:
                bank = shelf.bank_of(session, given, tieng)
            changed = {p: w for p, w in wanted.items() if w != bank.bank.words.get(p, "")}
            for phrase, words in changed.items():
                if words:
                    set_phrase(given.database, tieng, phrase, words, by.name, given.clock())
                elif phrase in bank.set_by:
                    unset_phrase(given.database, tieng, phrase, given.clock())
            return f"Đã lưu {len(changed)} cụm từ."

        return await _in_thread(done, request, given, who, "cum-tu", act, tieng=tieng, loai=loai)

    @at.post("/cum-tu/lam")
    def post_render(
        request: Request, given: Given, who: MaybeSigned, tieng: Text = "", loai: Text = ""
    ) -> Response:
        """Make the audio of every phrase that a voice can read."""

        def act(by: Person) -> str:
            made = render_phrases(
                given.database, tieng, given.engines, given.today(), given.clock()
            )
            return (
                f"Đang làm âm thanh {made.waiting} cụm từ; {made.ready} cụm đã có, "
                f"{made.lacking} cụm phải viết lời hoặc thu tiếng trước."
            )

        return done(request, given, who, "cum-tu", act, tieng=tieng, loai=loai)

    @at.post("/giu")
    def post_keeping(
        request: Request, given: Given, who: MaybeSigned, loai: Text = "", ngay: Text = ""
    ) -> Response:
        """How long a kind of thing is kept; no number: never deleted by itself."""

        def act(by: Person) -> str:
            days = shelf.days_of(ngay)
            set_keeping(given.database, loai, days, by.name, given.clock())
            return "Đã lưu thời hạn giữ."

        return done(request, given, who, "giu", act)

    @at.post("/xoa")
    def post_purge(request: Request, given: Given, who: MaybeSigned, that: Text = "") -> Response:
        """Say what would go now; with `that` let it go."""
        found: list[Purged] = []

        def act(by: Person) -> str:
            found.append(
                purge(
                    given.database,
                    given.shelves,
                    given.clock(),
                    by=by.name,
                    dry_run=that != "co",
                )
            )
            return ""

        return done(request, given, who, "giu", act, found=found)

    return at


async def _in_thread(work: Callable[..., Response], *given: Any, **named: Any) -> Response:
    """Not on the loop: it writes to the database."""
    return await asyncio.to_thread(work, *given, **named)


def _library(
    session: Session,
    given: Services,
    who: Person,
    *,
    xa: str = "",
    tieng: str = "",
    loai: str = "",
    refused: tuple[str, str] = ("", ""),
    said: tuple[str, str] = ("", ""),
    typed: tuple[str, str] = ("", ""),
    found: list[Purged] | None = None,
) -> dict[str, Any]:
    t = _wall_clock(given)
    places = read_places(session)
    known = offices(session)
    unit = next((o for o in known if o.id == xa), known[0])
    language = tieng if tieng in LANGUAGES else next(iter(places.heard), "vi")
    bank = shelf.bank_of(session, given, language, xa if unit.id == xa and xa else None)
    category = loai if loai in list(Category) else Category.HAZARD.value
    return {
        "t": t,
        "who": who,
        "places": places,
        "offices": known,
        "unit": unit,
        "speech": unit_speech(session, unit.id or None),
        "own": own_speech(session, unit.id) if unit.id else None,
        "dialects": DIALECTS_VI,
        "entries": [
            e for kind in LexiconKind for e in lexicons.standing(session, (unit.id,), kind.value)
        ],
        "spoken": shelf.voices_of(session, given.engines, places.heard),
        "readers": takes.all_readers(session),
        "banks": shelf.banks_of(session, given, places.heard),
        "language": language,
        "category": category,
        "categories": list(Category),
        "phrases": shelf.phrases_of(session, bank, Category(category)),
        "most": PHRASES_SHOWN,
        "rules": keeping_rules(session),
        "purges": purges(session, limit=PURGES_SHOWN),
        "purged": found[0] if found else None,
        "refused": refused,
        "said": said,
        "typed": typed if refused[0] else ("", ""),
    }


def _phrase(
    session: Session, given: Services, who: Person, language: str, phrase: str
) -> dict[str, Any]:
    bank = shelf.bank_of(session, given, language)
    return {
        "t": _wall_clock(given),
        "who": who,
        "places": read_places(session),
        "studio": open_phrase_studio(session, given, who, language, phrase),
        "language": language,
        "phrase": phrase,
        "vi": bank.vi.get(phrase, phrase),
        "voiced": frozenset(),
    }


def _wall_clock(given: Services) -> WallClock:
    return WallClock(ZoneInfo(given.rules.time_zone), given.clock())
