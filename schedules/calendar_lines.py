"""The lines of an .ics file, unfolded and laid into their components, however badly written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from icalendar.parser import Contentline

from schedules.errors import CalendarTooLarge, NoCalendarFile

MOST_BYTES = 10_000_000

_DEEPEST = 8
_PROPERTY = re.compile(rb"[A-Za-z][A-Za-z0-9-]*\s*[;:]")
_FREE_TEXT = re.compile(rb"(SUMMARY|DESCRIPTION|LOCATION|COMMENT|X-)", re.IGNORECASE)
_COMPONENT = re.compile(r"(BEGIN|END)\s*:\s*([A-Z0-9-]+)\s*", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Property:
    """One content line: its name in capitals, its parameters, and its value without escapes."""

    name: str
    parameters: dict[str, str]
    value: str


@dataclass(slots=True)
class Component:
    """What stands between BEGIN and END; `line` is the number of its first line, from 1."""

    kind: str
    line: int
    lines: list[str] = field(default_factory=list)
    parts: list["Component"] = field(default_factory=list)

    def properties(self, *names: str) -> Iterator[Property]:
        """Those of these names that can be read, in the order of the file."""
        for line in self.lines:
            match = _NAME.match(line)
            if match is None or (name := match[0].upper()) not in names:
                continue
            try:
                _, parameters, value = Contentline(line).parts()  # type: ignore[no-untyped-call]
            except ValueError:
                continue
            flat = {key.upper(): _flat(each) for key, each in parameters.items()}
            yield Property(name, flat, value.strip())

    def first(self, name: str) -> Property | None:
        """The first property of that name that has a value."""
        return next((each for each in self.properties(name) if each.value), None)

    def starting(self, prefix: str) -> Iterator[Property]:
        """The properties whose name begins so."""
        names = {match[0].upper() for line in self.lines if (match := _NAME.match(line))}
        yield from self.properties(*(name for name in names if name.startswith(prefix)))


def components(data: bytes) -> tuple[Component, ...]:
    """The components of the file, calendars opened up; CalendarTooLarge, NoCalendarFile.

    A component that is not ended ends with the file or where the next of its kind begins.
    """
    if len(data) > MOST_BYTES:
        raise CalendarTooLarge(f"{MOST_BYTES // 1_000_000} MB")
    outside = Component("", 1)
    open_ones = [outside]
    is_calendar = False
    for number, line in _unfolded(data):
        match = _COMPONENT.fullmatch(line)
        if match is None:
            open_ones[-1].lines.append(line)
            continue
        begins, kind = match[1].upper() == "BEGIN", match[2].upper()
        if kind == "VCALENDAR":
            is_calendar = True
            open_ones = [outside]
        elif begins:
            if kind in {"VEVENT", "VTODO", "VJOURNAL", "VTIMEZONE", "VFREEBUSY"}:
                open_ones = [outside]
            opened = Component(kind, number)
            if len(open_ones) < _DEEPEST:
                open_ones[-1].parts.append(opened)
            open_ones.append(opened)
        elif any(each.kind == kind for each in open_ones):
            while open_ones.pop().kind != kind:
                pass
    if not is_calendar and not outside.parts:
        raise NoCalendarFile
    return (outside, *outside.parts)


def _unfolded(data: bytes) -> Iterator[tuple[int, str]]:
    """The content lines with the number of the line on which each begins."""
    begun, whole = 1, b""
    for number, line in _properly_unfolded(data):
        if _PROPERTY.match(line):
            if whole:
                yield begun, _text(whole)
            begun, whole = number, line
        elif _FREE_TEXT.match(whole):
            # Cut without the space that marks a fold.
            whole += b" " + line
    if whole:
        yield begun, _text(whole)


def _properly_unfolded(data: bytes) -> Iterator[tuple[int, bytes]]:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        data = data.decode("utf-16", "replace").encode()
    plain = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    begun = 1
    pieces: list[bytes] = []
    for number, line in enumerate(plain.split(b"\n"), start=1):
        if not line.strip():
            continue
        if line[:1] in {b" ", b"\t"} and pieces:
            pieces.append(line[1:])
            continue
        if pieces:
            yield begun, b"".join(pieces)
        begun, pieces = number, [line.lstrip()]
    if pieces:
        yield begun, b"".join(pieces)


def _text(line: bytes) -> str:
    """UTF-8, which a fold may have cut inside of a letter; else Latin-1."""
    try:
        return line.decode().replace("\0", "")
    except UnicodeDecodeError:
        return line.decode("latin-1").replace("\0", "")


def _flat(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ",".join(value)
