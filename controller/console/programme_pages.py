"""Programmes: listed, made, changed, with what they run into said before they are kept."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from audio_library.errors import AudioLibraryError
from controller.console import slate
from controller.console.door import SIGN_IN
from controller.console.places_heard import Places, read_places, sensible_start
from controller.console.programme_form import (
    FIELD_OF,
    Fields,
    Repeat,
    draft_from,
    fields_of,
    read_fields,
)
from controller.console.screen import Screen
from controller.console.timetable import wall_clock
from controller.console.today import coming
from controller.doors import Given, MaybeSigned, Signed, refuse_foreign_origin
from controller.errors import ControllerError
from controller.operations.change_occurrence import (
    cancel_occurrence,
    move_occurrence,
    restore_occurrence,
)
from controller.operations.programme_draft import Draft
from controller.operations.save_programme import (
    Saved,
    cancel_programme,
    restore_version,
    save_programme,
)
from controller.operations.services import Services
from controller.operations.show_occurrences import Shown
from controller.operations.sign_in import Person
from controller.operations.zones_meant import zones_meant
from controller.storage import programmes
from controller.storage.programmes import Planned
from schedules.errors import ScheduleError

PROGRAMMES = "/lich/chuong-trinh"
VERSIONS_SHOWN = 10
REFUSALS = (ControllerError, ScheduleError, AudioLibraryError)

Sent = Mapping[str, Sequence[str]]
Text = Annotated[str, Form(max_length=300)]
Version = Annotated[int, Form(ge=0)]
Asked = Annotated[str, Query(max_length=120)]

DONE: Mapping[str, str] = MappingProxyType(
    {
        "luu": "Đã lưu. Loa nhận lịch mới trong ít phút.",
        "huy": "Đã huỷ chương trình này, các buổi sắp tới không phát.",
        "lai": "Đã lấy lại bản ấy. Loa nhận lịch mới trong ít phút.",
        "doi": "Đã dời buổi này.",
        "bo": "Đã bỏ buổi này.",
        "phat": "Buổi này phát lại như lịch.",
    }
)


def router(show: Screen) -> APIRouter:
    """Their addresses; `xong` names what has just been done."""
    at = APIRouter(include_in_schema=False, prefix=PROGRAMMES)

    def page(
        request: Request, given: Services, who: Person, status: int = 200, **shown: Any
    ) -> Response:
        with given.database.read() as session:
            filled = _page(session, given, who, **shown)
        return show(request, "programme.html", status, **filled)

    def done(
        request: Request, given: Services, who: Person | None, programme_id: str, act: _Act
    ) -> Response:
        """Do it and show the programme again, or say above it why not."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        refuse_foreign_origin(request)
        try:
            said = act(who)
        except REFUSALS as refusal:
            return page(request, given, who, 422, programme_id=programme_id, above=refusal)
        return RedirectResponse(f"{PROGRAMMES}/{programme_id}?xong={said}", 303)

    def save(
        request: Request, given: Services, who: Person | None, sent: Sent, programme_id: str | None
    ) -> Response:
        """Keep what the form says, or show it again with what is wrong; nothing typed is lost."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        refuse_foreign_origin(request)
        fields = _moved(read_fields(sent), sent)
        kept: dict[str, Any] = {"programme_id": programme_id, "fields": fields}
        try:
            if "look" in sent or "move_to" in sent:
                seen = _saved(given, who, fields, programme_id, check_only=True)
                return page(request, given, who, **kept, seen=seen)
            saved = _saved(given, who, fields, programme_id, sequence=_sequence(sent))
        except REFUSALS as refusal:
            return page(request, given, who, 422, **kept, refusal=refusal)
        return RedirectResponse(f"{PROGRAMMES}/{saved.planned.programme.id}?xong=luu", 303)

    @at.get("")
    def get_list(request: Request, given: Given, who: MaybeSigned) -> Response:
        """Every programme that stands, soonest first."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        with given.database.read() as session:
            shown = _list(session, given, who)
        return show(request, "programmes.html", **shown)

    @at.get("/moi")
    def get_new(
        request: Request, given: Given, who: MaybeSigned, tin: Asked = "", lang: Asked = ""
    ) -> Response:
        """The empty form; `tin` is a bulletin to air, `lang` a village to air it in."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        with given.database.read() as session:
            start = sensible_start(
                read_places(session).law, wall_clock(given).wall(given.clock()).replace(tzinfo=None)
            )
        fields = Fields(
            villages=(lang,) if lang else (),
            bulletins=(tin,) if tin else (),
            by_rule=not tin,
            start_date=start.date().isoformat(),
            wall_time=f"{start:%H:%M}",
        )
        return page(request, given, who, fields=fields)

    @at.post("/moi")
    async def post_new(request: Request, given: Given, who: MaybeSigned) -> Response:
        """Keep a new one."""
        sent = await _sent(request)
        return await asyncio.to_thread(save, request, given, who, sent, None)

    @at.post("/xem")
    async def post_look(request: Request, given: Given, who: Signed) -> Response:
        """What would become of the form as it stands; a piece of the page, nothing is kept."""
        sent = await _sent(request)

        def look() -> Response:
            programme_id = next(iter(sent.get("programme", ())), "") or None
            shown: dict[str, Any] = {"seen": None, "refusal": None}
            try:
                fields = read_fields(sent)
                shown["seen"] = _saved(given, who, fields, programme_id, check_only=True)
            except REFUSALS as refusal:
                shown["refusal"] = refusal
            with given.database.read() as session:
                shown |= _outlook(session, given, shown["seen"])
            return show(request, "parts/outlook.html", t=wall_clock(given), **shown)

        return await asyncio.to_thread(look)

    @at.get("/{programme_id}")
    def get_one(
        programme_id: str, request: Request, given: Given, who: MaybeSigned, xong: Asked = ""
    ) -> Response:
        """One programme: its coming dates, its form, its versions."""
        if who is None:
            return RedirectResponse(SIGN_IN, 303)
        return page(request, given, who, programme_id=programme_id, said=DONE.get(xong, ""))

    @at.post("/{programme_id}")
    async def post_one(
        programme_id: str, request: Request, given: Given, who: MaybeSigned
    ) -> Response:
        """Make it what the form says."""
        sent = await _sent(request)
        return await asyncio.to_thread(save, request, given, who, sent, programme_id)

    @at.post("/{programme_id}/huy")
    def post_cancel(
        programme_id: str, request: Request, given: Given, who: MaybeSigned, sequence: Version = 0
    ) -> Response:
        """Take it off every plan."""

        def act(by: Person) -> str:
            now = given.clock()
            cancel_programme(given.database, programme_id, by.name, now, sequence=sequence)
            return "huy"

        return done(request, given, who, programme_id, act)

    @at.post("/{programme_id}/lay-lai")
    def post_restore(
        programme_id: str, request: Request, given: Given, who: MaybeSigned, sequence: Version = 0
    ) -> Response:
        """Undo: make it what it was in that version."""

        def act(by: Person) -> str:
            now = given.clock()
            restore_version(given.database, programme_id, sequence, by.name, now, given.rules)
            return "lai"

        return done(request, given, who, programme_id, act)

    @at.post("/{programme_id}/buoi")
    def post_occurrence(
        programme_id: str,
        request: Request,
        given: Given,
        who: MaybeSigned,
        of: Text = "",
        viec: Text = "",
        ngay: Text = "",
        gio: Text = "",
        sequence: Version = 0,
    ) -> Response:
        """Move one airing (`ngay`, `gio`), drop it, or let it air again."""

        def act(by: Person) -> str:
            named = (given.database, programme_id, _wall(of))
            now, rules = given.clock(), given.rules
            match viec:
                case "bo":
                    cancel_occurrence(*named, by.name, now, rules, sequence=sequence)
                case "phat":
                    restore_occurrence(*named, by.name, now, rules, sequence=sequence)
                case _:
                    start = _wall(f"{ngay}T{gio}")
                    move_occurrence(*named, start, by.name, now, rules, sequence=sequence)
            return viec if viec in DONE else "doi"

        return done(request, given, who, programme_id, act)

    return at


_Act = Callable[[Person], str]
"""Does what a form asks for; gives the name of what was done."""


async def _sent(request: Request) -> Sent:
    form = await request.form()
    return {name: [v for v in form.getlist(name) if isinstance(v, str)] for name in form}


def _sequence(sent: Sent) -> int | None:
    """The version that was seen, or that a person has chosen to write over."""
    text = next(iter((*sent.get("over", ()), *sent.get("sequence", ()))), "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _moved(fields: Fields, sent: Sent) -> Fields:
    """The form with a proposed time taken."""
    time = next(iter(sent.get("move_to", ())), "")
    return replace(fields, wall_time=time) if time else fields


def _saved(
    given: Services,
    who: Person,
    fields: Fields,
    programme_id: str | None,
    *,
    sequence: int | None = None,
    check_only: bool = False,
) -> Saved:
    with given.database.read() as session:
        draft = _draft(session, given, fields, programme_id)
    return save_programme(
        given.database,
        draft,
        who.name,
        given.clock(),
        given.rules,
        programme_id=programme_id,
        sequence=sequence,
        check_only=check_only,
    )


def _draft(session: Session, given: Services, fields: Fields, programme_id: str | None) -> Draft:
    was = programmes.load(session, programme_id).programme if programme_id else None
    if was is not None:
        known = {v.id for v in slate.villages_of(read_places(session), was)}
        if known == set(fields.villages):
            return draft_from(fields, was.zone_ids, given.rules.time_zone, was)
    zone_ids = zones_meant(session, fields.villages)
    return draft_from(fields, zone_ids, given.rules.time_zone, was)


def _list(session: Session, given: Services, who: Person) -> dict[str, Any]:
    t = wall_clock(given)
    places = read_places(session)
    plans = coming(session, places.villages, given.rules, t.now)
    return {
        "t": t,
        "who": who,
        "places": places,
        "village": None,
        "plans": plans,
        "over": slate.over(session, [plan.planned.programme.id for plan in plans]),
    }


def _page(
    session: Session,
    given: Services,
    who: Person,
    *,
    programme_id: str | None = None,
    fields: Fields | None = None,
    seen: Saved | None = None,
    refusal: Exception | None = None,
    above: Exception | None = None,
    said: str = "",
) -> dict[str, Any]:
    t = wall_clock(given)
    places = read_places(session)
    planned = programmes.load(session, programme_id) if programme_id else None
    stands = Fields() if planned is None else _fields(places, planned)
    if fields is None:
        fields = stands
    code = getattr(refusal, "code", "")
    versions = programmes.versions(session, programme_id) if programme_id else []
    shown = {
        "t": t,
        "who": who,
        "places": places,
        "village": None,
        "planned": planned,
        "fields": fields,
        "offers": slate.offers(session, t.now, fields.bulletins, fields.seasons),
        "repeats": [r for r in Repeat if r is not Repeat.KEPT or stands.repeat == r],
        "wrong": FIELD_OF.get(code, "rest") if refusal else "",
        "refusal": refusal,
        "changed": code == "changed_meanwhile",
        "above": above,
        "said": said,
        "airings": _airings(session, planned, t.now) if planned else (),
        "versions": [(v, slate.change_words(v, t)) for v in reversed(versions[-VERSIONS_SHOWN:])],
    }
    return shown | {"seen": seen} | _outlook(session, given, seen)


def _fields(places: Places, planned: Planned) -> Fields:
    villages = slate.villages_of(places, planned.programme)
    return fields_of(planned.programme, [v.id for v in villages])


def _outlook(session: Session, given: Services, seen: Saved | None) -> dict[str, Any]:
    """When a programme that is looked at would air next."""
    return {"next": _airings(session, seen.planned, given.clock()) if seen else ()}


def _airings(session: Session, planned: Planned, now: datetime) -> Sequence[Shown]:
    if planned.cancelled_ms is not None:
        return ()
    try:
        return slate.coming_airings(session, planned.programme, now)
    except ScheduleError:  # its place has no such season any more: planning says so
        return ()


def _wall(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise ControllerError(
            "bad_time",
            "Ghi ngày và giờ của buổi, ví dụ 15/08/2026 17:00.",
            "Give a date and a time of day.",
        ) from error
