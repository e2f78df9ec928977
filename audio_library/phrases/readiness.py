"""How much of what an emergency must be able to say a language can say today."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from audio_library.languages import language as language_of
from audio_library.phrases.bank import Bank


class Stage(StrEnum):
    """How far a phrase has come; the first one that holds."""

    READY = "ready"
    NO_WORDS = "no_words"
    NOT_HEARD = "not_heard"
    NOT_MADE = "not_made"
    NOT_RECORDED = "not_recorded"


_SAID: Mapping[Stage, tuple[str, str]] = MappingProxyType(
    {
        Stage.NO_WORDS: ("chưa có lời", "have no words"),
        Stage.NOT_RECORDED: ("chưa thu", "are not recorded"),
        Stage.NOT_HEARD: ("đã thu, chờ người nghe lại", "are recorded and wait for a listener"),
        Stage.NOT_MADE: ("chưa tạo âm thanh", "are not made into audio"),
    }
)


@dataclass(frozen=True, slots=True)
class BankReadiness:
    """`stages` by phrase, of all that are needed, in their order."""

    language: str
    stages: Mapping[str, Stage]

    @property
    def needed(self) -> int:
        return len(self.stages)

    @property
    def counts(self) -> Mapping[Stage, int]:
        """So many at each stage; a stage where there are none has 0."""
        found = Counter(self.stages.values())
        return {stage: found[stage] for stage in Stage}

    @property
    def ready(self) -> bool:
        return all(stage is Stage.READY for stage in self.stages.values())

    @property
    def vi(self) -> str:
        name = language_of(self.language).name_vi
        if self.ready:
            return f"Tiếng {name}: đủ {self.needed} câu khẩn cấp."
        lacks = ", ".join(
            f"{self.counts[stage]} {vi}" for stage, (vi, _) in _SAID.items() if self.counts[stage]
        )
        return f"Tiếng {name}: trong {self.needed} câu khẩn cấp có {lacks}."

    @property
    def en(self) -> str:
        name = language_of(self.language).name_en
        if self.ready:
            return f"{name}: all {self.needed} emergency phrases are ready."
        lacks = ", ".join(
            f"{self.counts[stage]} {en}" for stage, (_, en) in _SAID.items() if self.counts[stage]
        )
        return f"{name}: of {self.needed} emergency phrases {lacks}."


def bank_readiness(
    bank: Bank,
    needed: Iterable[str],
    *,
    synthetic: bool,
    unheard: Collection[str] = (),
    released: Collection[str] = (),
) -> BankReadiness:
    """`synthetic`: a voice of the language is ready; `unheard`, `released`: phrases with a take."""

    def stage(phrase: str) -> Stage:
        if phrase in bank.sounds:
            return Stage.READY
        if phrase not in bank.words:
            return Stage.NO_WORDS
        if phrase in released or (synthetic and phrase not in unheard):
            return Stage.NOT_MADE
        return Stage.NOT_HEARD if phrase in unheard else Stage.NOT_RECORDED

    return BankReadiness(bank.language, {phrase: stage(phrase) for phrase in needed})
