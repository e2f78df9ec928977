"""How much of the bank a language can say today."""

from audio_library.phrases.bank import Bank, Sound
from audio_library.phrases.readiness import Stage, bank_readiness

SOUND = Sound("a" * 64, 4_000, 1_000)
NEEDED = ("hazard.storm", "level.1", "level.2", "link.and", "hour.05")


def test_each_phrase_is_at_the_stage_that_a_person_must_act_on() -> None:
    words = dict.fromkeys(NEEDED[:4], "lời")
    bank = Bank("bdq", words, {"hazard.storm": SOUND})
    found = bank_readiness(bank, NEEDED, synthetic=False, unheard={"level.1"}, released={"level.2"})
    assert list(found.stages.values()) == [
        Stage.READY,
        Stage.NOT_HEARD,
        Stage.NOT_MADE,
        Stage.NOT_RECORDED,
        Stage.NO_WORDS,
    ]
    assert found.needed == 5
    assert found.counts[Stage.NOT_RECORDED] == 1
    assert not found.ready
    assert found.en.startswith("Bahnar: of 5 emergency phrases 1 have no words, ")
    assert "1 chưa thu" in found.vi


def test_where_a_voice_stands_ready_nobody_need_record() -> None:
    found = bank_readiness(Bank("vi", {"level.1": "cấp một"}), ["level.1"], synthetic=True)
    assert found.stages["level.1"] is Stage.NOT_MADE


def test_a_whole_bank_is_ready() -> None:
    bank = Bank("vi", dict.fromkeys(NEEDED, "lời"), dict.fromkeys(NEEDED, SOUND))
    found = bank_readiness(bank, NEEDED, synthetic=True)
    assert found.ready
    assert found.vi == "Tiếng Việt: đủ 5 câu khẩn cấp."
