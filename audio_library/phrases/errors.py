"""What can go wrong with phrases and sentences made of them."""

from audio_library.errors import AudioLibraryError


class UnknownPhrase(AudioLibraryError):
    code = "unknown_phrase"

    def __init__(self, phrase: str) -> None:
        super().__init__(
            f"Ngân hàng câu không có mục “{phrase[:80]}”. Chưa lưu gì.",
            f"The phrase bank has no phrase “{phrase[:80]}”. Nothing was kept.",
        )


class BadPhraseWords(AudioLibraryError):
    code = "bad_phrase_words"

    def __init__(self, words: str, vi: str, en: str) -> None:
        super().__init__(
            f"Lời “{words[:80]}” chưa dùng được: {vi}. Chưa lưu gì; hãy viết đúng như sẽ nói.",
            f"The words “{words[:80]}” cannot be used: {en}. "
            "Nothing was kept; write exactly what is to be said.",
        )


class UnknownSentence(AudioLibraryError):
    code = "unknown_sentence"

    def __init__(self, sentence: str, known: tuple[str, ...]) -> None:
        listed = ", ".join(known)
        super().__init__(
            f"Không có mẫu câu “{sentence[:80]}”. Các mẫu dùng được: {listed}.",
            f"There is no sentence “{sentence[:80]}”. Sentences in use: {listed}.",
        )


class BadPattern(AudioLibraryError):
    code = "bad_pattern"

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(
            f"Trật tự câu chưa dùng được: {vi}. Giữ nguyên trật tự cũ.",
            f"This order of the sentence cannot be used: {en}. The former order stays.",
        )


class SlotUnfilled(AudioLibraryError):
    code = "slot_unfilled"

    def __init__(self, slot: str) -> None:
        super().__init__(
            f"Câu còn thiếu phần “{slot}”. Chưa ghép gì; hãy chọn phần này.",
            f"The sentence lacks its “{slot}”. Nothing was composed; choose it.",
        )


class SlotMisfilled(AudioLibraryError):
    code = "slot_misfilled"

    def __init__(self, slot: str, given: str) -> None:
        super().__init__(
            f"“{given[:80]}” không dùng được cho phần “{slot}” của câu. Chưa ghép gì.",
            f"“{given[:80]}” does not fit the sentence's “{slot}”. Nothing was composed.",
        )


class PhrasesMissing(AudioLibraryError):
    code = "phrases_missing"

    def __init__(self, name_vi: str, name_en: str, phrases: tuple[str, ...]) -> None:
        listed = ", ".join(phrases[:20]) + (" …" if len(phrases) > 20 else "")
        super().__init__(
            f"Tiếng {name_vi} chưa có {len(phrases)} mục để nói câu này: {listed}. "
            "Máy không lấy tiếng khác thay; hãy thu các mục còn thiếu.",
            f"{name_en} lacks {len(phrases)} phrases to say this: {listed}. "
            "No other language was put in their place; record what is missing.",
        )
        self.phrases = phrases
