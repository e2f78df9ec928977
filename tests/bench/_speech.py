"""Speech to measure with: bulletins of any length in which no sentence comes twice."""

from pathlib import Path

from audio_library.speech.engine import RAW_PCM, Speech
from audio_library.speech.espeak import SAMPLE_RATE, Espeak
from audio_library.wording.spoken_form import spoken_form

CHARACTERS_A_MINUTE = 900
PARAGRAPHS = (
    "Thông báo số {n}: 7h30 ngày 15/8/2026, Trạm Y tế xã Đăk Hà tiêm vắc xin sởi cho {n} trẻ từ 9 "
    "tháng đến 5 tuổi. Bà con nhớ mang theo sổ tiêm và đến đúng giờ. Nhà nào ở xa, gọi điện "
    "cho trưởng thôn trước một ngày.",
    "Giá cà phê nhân tại chợ số {n} hôm nay 32.{n:03} đồng/kg, giảm 300 đồng. Sắn tươi "
    "1.380 đồng/kg loại 30% tinh bột. Đại lý nào mua thấp hơn giá này, bà con báo cho xã.",
    "Trong 3-6 giờ tới, lưu vực suối số {n} có mưa {n} mm, nguy cơ rất cao lũ quét, sạt lở đất. "
    "Bà con không qua ngầm tràn, không vớt củi, và dời trâu bò lên chỗ cao trước khi trời tối.",
)


def spoken_for(minutes: float) -> str:
    """A spoken form of about so many minutes, in paragraphs of three sentences."""
    said: list[str] = []
    length = 0
    while length < minutes * CHARACTERS_A_MINUTE:
        number = len(said) + 11
        said.append(spoken_form(PARAGRAPHS[number % len(PARAGRAPHS)].format(n=number)).text)
        length += len(said[-1])
    return "\n\n".join(said)


def read_aloud(minutes: int, folder: Path) -> Speech:
    """Raw speech of exactly so many minutes; beyond ten of them it is told again and again."""
    spoken = spoken_for(11)
    (speech,) = Espeak().speak([spoken], Espeak().voices()[0], into=folder, timeout_s=120)
    samples = speech.path.read_bytes()
    wanted = minutes * 60 * SAMPLE_RATE * 2
    out = folder / f"{minutes}-minutes.pcm"
    with out.open("wb") as file:
        while file.tell() < wanted:
            file.write(samples[: wanted - file.tell()])
    return Speech(out, RAW_PCM, SAMPLE_RATE)
