"""A person whose recorded voice may air, by a consent that they can take back."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime

from audio_library.bulletin import Remark, refuse_naive
from audio_library.languages import language
from audio_library.recording.errors import BadReader, ConsentWithdrawn, NotTheirLanguage
from audio_library.writing.unicode import one_spelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """`consent` is what was agreed to, word for word; `consent_by` is who took it down."""

    id: str
    name: str
    languages: tuple[str, ...]
    consent: str
    consent_by: str
    consent_at: datetime
    account: str | None = None
    """Name under which the reader signs in, if they do."""
    withdrawn: Remark | None = None

    def __post_init__(self) -> None:
        refuse_naive("consent_at", self.consent_at)
        if not self.name.strip():
            raise BadReader(
                "Hãy ghi tên người đọc. Chưa lưu gì.",
                "Give the reader's name. Nothing was kept.",
            )
        if not self.languages:
            raise BadReader(
                "Hãy ghi người này đọc được tiếng nào. Chưa lưu gì.",
                "Say which languages this person reads. Nothing was kept.",
            )
        if not self.consent.strip():
            raise BadReader(
                "Hãy ghi lời đồng ý của người đọc (cho phát ở đâu, việc gì). Chưa lưu gì; "
                "giọng của một người chỉ được phát khi họ đồng ý.",
                "Note what the reader agreed to (aired where, for what). Nothing was kept; "
                "a person's voice airs only with their consent.",
            )
        for tag in self.languages:
            language(tag)

    def refuse_unless_reads(self, tag: str) -> None:
        """Raises ConsentWithdrawn, NotTheirLanguage."""
        if self.withdrawn is not None:
            raise ConsentWithdrawn(self.name)
        if tag not in self.languages:
            names = language(tag)
            raise NotTheirLanguage(self.name, names.name_vi, names.name_en)

    def is_person(self, account: str) -> bool:
        """Is this the account of the reader, by what was noted or by the name itself."""
        return _folded(account) in {_folded(self.name), _folded(self.account or self.name)}


def withdraw_consent(reader: Reader, by: str, why: str, at: datetime) -> Reader:
    """Nothing of theirs airs from now on; withdrawing twice keeps the first."""
    if reader.withdrawn is not None:
        return reader
    return replace(reader, withdrawn=Remark(by, why.strip(), at))


def _folded(name: str) -> str:
    """What a person sees of a name: no invisible characters, wide letters as plain ones."""
    plain = unicodedata.normalize("NFKC", name)
    visible = "".join(c for c in plain if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join(one_spelling(visible).casefold().split())
