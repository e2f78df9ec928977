"""Serials of signed states: given out in the transaction that writes the content."""

from sqlmodel import Session

from controller.storage.tables import SerialCounter


def next_serial(session: Session, name: str, now_ms: int) -> int:
    """Give max(last + 1, now in ms): grows always, also after a restored backup."""
    counter = session.get(SerialCounter, name, with_for_update=True)
    if counter is None:
        counter = SerialCounter(name=name, last=0)
    counter.last = max(counter.last + 1, now_ms)
    session.add(counter)
    session.flush()
    return counter.last


def lift_serial(session: Session, name: str, at_least: int) -> None:
    """Let the next serial be above `at_least`."""
    counter = session.get(SerialCounter, name, with_for_update=True)
    if counter is None:
        counter = SerialCounter(name=name, last=0)
    counter.last = max(counter.last, at_least)
    session.add(counter)
    session.flush()
