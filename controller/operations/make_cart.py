"""Carts that we make ourselves: figures of tones for everybody, greetings in a unit's own words."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlmodel import Session, col, select

from audio_library.cart import WORDLESS, CartWords, Figure, Spoken, cart_words
from audio_library.errors import AudioLibraryError
from audio_library.languages import language as language_of
from audio_library.mastering.in_child import figure_in_child
from audio_library.mastering.mastered import Mastered
from audio_library.mastering.preset import Dressing
from audio_library.store.asset_store import AssetStore
from controller.errors import NotFound
from controller.operations.carts import NewCart, keep_cart
from controller.operations.render_bulletin import OUTAGES, Renderer
from controller.operations.unit_speech import unit_speech
from controller.storage import events, tables, work_items
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.schedule_tables import Cart

log = structlog.get_logger()

CART = "cart"
"""Kind of work: of its own, so that no bulletin waits for it."""
OURS = "Loa Làng"
"""Who adds the figures, and whose sound they are."""

FigureMaker = Callable[[Figure, Path], Mastered]


@dataclass(frozen=True, slots=True)
class Making:
    """A cart that is being made or could not be, and why."""

    name: str
    unit_id: str | None
    language: str
    state: str
    vi: str | None
    en: str | None


def ask_for_figures(session: Session, now: datetime) -> None:
    """Want the figures that are not on the shelf yet."""
    query = select(Cart.name).where(col(Cart.unit_id).is_(None), col(Cart.removed_ms).is_(None))
    there = set(session.exec(query))
    for figure in Figure:
        if figure.value not in there:
            _ask_for_figure(session, figure, now)


def greet(
    database: Database,
    unit_id: str,
    language: str,
    by: str,
    now: datetime,
    own: Mapping[Spoken, str],
) -> tuple[CartWords, ...]:
    """Want a unit's greeting and closing words in a voice; gives the words as they will be heard.

    `own`: texts of the unit with `{commune}` in them; only Vietnamese has others. Raises NotFound,
    UnknownLanguage, NoWordsForCart, and what `check_text` raises.
    """
    language_of(language)
    with database.write() as session:
        unit = session.get(tables.Unit, unit_id)
        if unit is None:
            raise NotFound("đơn vị", "unit", unit_id[:80])
        speech = unit_speech(session, unit_id)
        said = tuple(
            cart_words(
                kind,
                language,
                unit.name,
                own.get(kind),
                lexicon=speech.lexicon,
                dialect=speech.dialect,
            )
            for kind in Spoken
        )
        for words in said:
            body: dict[str, object] = {
                "unit": unit_id,
                "kind": words.kind.value,
                "language": language,
                "spoken": words.spoken,
                "respellings": dict(speech.respelled({language: words.spoken})),
                "by": by,
            }
            key = _key(unit_id, language, words.kind.value)
            work_items.ask(session, CART, key, body, to_ms(now))
    return said


def make_cart(
    database: Database,
    store: AssetStore,
    renderer: Renderer,
    work: work_items.Claimed,
    scratch: Path,
    now: datetime,
    figures: FigureMaker = figure_in_child,
) -> None:
    """Do one claimed cart; its failure is kept on the work item for people to read.

    An `AudioLibraryError` is final, except a full store or a voice service out of reach.
    """
    try:
        if "figure" in work.body:
            asked, made = _figure(Figure(str(work.body["figure"])), figures, work, scratch)
        else:
            asked, made = _spoken(work.body, renderer, scratch)
        store.put(made.path, sha256=made.sha256)
    except AudioLibraryError as e:
        outage = e.code in OUTAGES
        with database.write() as session:
            error = (e.code, e.vi, e.en)
            work_items.fail(
                session, work.id, error, to_ms(now), final=not outage, keep_trying=outage
            )
            told: dict[str, object] = {"key": work.key, "what": "failed", "vi": e.vi, "en": e.en}
            events.tell(session, "cart", told, to_ms(now))
        return
    made.path.unlink(missing_ok=True)
    with database.write() as session:
        keep_cart(session, asked, made, str(work.body.get("by", OURS)), now)
        work_items.finish(session, work.id, to_ms(now))


def making_carts(session: Session, unit_ids: Sequence[str] | None = None) -> list[Making]:
    """What is not done yet, or never will be; of these units, or of everybody."""
    query = select(tables.WorkItem).where(
        col(tables.WorkItem.kind) == CART, col(tables.WorkItem.state) != "done"
    )
    items = session.exec(query.order_by(col(tables.WorkItem.id))).all()
    found = [_making(item) for item in items]
    return [m for m in found if unit_ids is None or m.unit_id is None or m.unit_id in unit_ids]


def restore_carts(session: Session, held: Set[str], now: datetime) -> int:
    """Ask for carts whose file is not `held`, where we made them ourselves; gives how many.

    What somebody brought stays lost until it is brought again: the log names it.
    """
    asked = 0
    for cart in session.exec(select(Cart).where(col(Cart.removed_ms).is_(None))):
        if cart.asset_sha256 in held:
            continue
        item = work_items.find(session, CART, _key(cart.unit_id, cart.language, cart.name))
        if item is not None:
            work_items.ask(session, CART, item.key, dict(item.body), to_ms(now))
        elif cart.unit_id is None:
            _ask_for_figure(session, Figure(cart.name), now)
        else:
            log.warning("cart_lost", cart=cart.id, name=cart.name, unit=cart.unit_id)
            continue
        asked += 1
    return asked


def _figure(
    figure: Figure, figures: FigureMaker, work: work_items.Claimed, scratch: Path
) -> tuple[NewCart, Mastered]:
    made = figures(figure, scratch / f".cart-{work.id}.opus")
    return NewCart(figure.value, None, WORDLESS, figure.title_vi, OURS), made


def _spoken(
    body: Mapping[str, object], renderer: Renderer, scratch: Path
) -> tuple[NewCart, Mastered]:
    kind, language, spoken = Spoken(str(body["kind"])), str(body["language"]), str(body["spoken"])
    respellings = body.get("respellings")
    rendered = renderer(
        spoken,
        language,
        out_dir=scratch,
        dressing=Dressing.BARE,
        respellings=respellings if isinstance(respellings, dict) else {},
        told=lambda share: None,
    )
    source = f"{rendered.voice}: {spoken}"
    asked = NewCart(kind.value, str(body["unit"]), language, kind.title_vi, source)
    return asked, rendered.mastered


def _ask_for_figure(session: Session, figure: Figure, now: datetime) -> None:
    key = _key(None, WORDLESS, figure.value)
    work_items.ask(session, CART, key, {"figure": figure.value}, to_ms(now))


def _key(unit_id: str | None, language: str, name: str) -> str:
    return f"{unit_id or ''}:{language}:{name}"


def _making(item: tables.WorkItem) -> Making:
    unit_id, language, name = item.key.split(":")
    return Making(name, unit_id or None, language, item.state, item.error_vi, item.error_en)
