"""Find bulletins by words of their title or text, accents or not."""

from sqlmodel import Session

from audio_library.bulletin import Bulletin
from audio_library.writing.search_key import needles
from controller.storage import bulletins


def find_bulletins(session: Session, query: str) -> list[Bulletin]:
    """The latest bulletins in which every word of the query begins a word, newest first."""
    return bulletins.newest(session, holding=needles(query))
