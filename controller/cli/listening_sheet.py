"""`loalang voices sheet` and `tally`: sounds and papers out, what listeners wrote back in."""

import csv
import html
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path

from audio_library.render import render_speech
from audio_library.speech.listening import (
    LONGEST_HEARD,
    NATIVES_NEEDED,
    Answer,
    sentences,
    tally,
)
from controller.cli.api_client import Api
from controller.errors import ControllerError
from controller.operations.listening import make_sheet
from controller.operations.voices import engines_here
from controller.settings import Settings

HEADER = (
    "giọng / voice",
    "người nghe / listener",
    "tiếng mẹ đẻ / native",
    "câu / no.",
    "nghe được",
)
YES = frozenset({"có", "co", "x", "yes", "y", "1", "true"})
NO = frozenset({"không", "khong", "no", "n", "0", "false"})
LARGEST_FILE = 1_000_000


def write_sheet(voice: str, out: Path, settings: Settings) -> None:
    """Twenty sounds, a page to print and a table to fill in; the sentences stand in neither."""
    made = make_sheet(voice, engines_here(settings), render_speech, out)
    (out / "phieu-nghe.html").write_text(_page(voice, made), "utf-8")
    table = StringIO()
    rows = csv.writer(table)
    rows.writerow(HEADER)
    rows.writerows((voice, "", "", sentence.number, "") for sentence in sentences())
    # With its mark, spreadsheets read the letters right.
    (out / "phieu-nghe.csv").write_text(table.getvalue(), "utf-8-sig")
    print(f"{out}: {len(made)} × .opus, phieu-nghe.html, phieu-nghe.csv")


def tally_files(files: Sequence[Path]) -> list[Answer]:
    """Read filled-in tables and print a line for each voice."""
    answers = [answer for file in files for answer in answers_in(file)]
    for line in tally(answers):
        share = "–" if line.share is None else f"{line.share:.1%}"
        verdict = "đã đánh giá / judged" if line.judged else "chưa được đánh giá / unjudged"
        print(
            f"{line.voice}: {share} từ nghe đúng / of words right, "
            f"{line.natives}/{NATIVES_NEEDED} người bản ngữ / native listeners, "
            f"{line.others} khác / others: {verdict}"
        )
    if not answers:
        print("Các phiếu chưa ghi câu nào / nothing is filled in.")
    return answers


def send_answers(answers: Iterable[Answer], api: Api) -> None:
    """Keep them in the controller, one listener of one voice at a time."""
    sheets: dict[tuple[str, str, bool], dict[str, str]] = {}
    for a in answers:
        sheets.setdefault((a.voice, a.listener, a.native), {})[str(a.sentence)] = a.heard
    for (voice, listener, native), heard in sheets.items():
        sheet = {"voice": voice, "listener": listener, "native": native, "heard": heard}
        api.post("/voices/answers", sheet)


def answers_in(file: Path) -> list[Answer]:
    """The rows of one table; name and mother tongue hold until the next that is written.

    Raises ControllerError, which names the line.
    """
    if file.stat().st_size > LARGEST_FILE:
        raise _bad(file, 1, "tệp quá lớn", "the file is too large")
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise _bad(file, 1, "tệp không phải UTF-8", "the file is not UTF-8") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    answers, listener, native = [], "", ""
    for number, row in enumerate(csv.reader(StringIO(text), delimiter=delimiter), 1):
        if number == 1 or not any(cell.strip() for cell in row):
            continue
        cells = [cell.strip() for cell in (*row, "", "", "", "", "")[: len(HEADER)]]
        listener, native = cells[1] or listener, cells[2].casefold() or native
        if not cells[0] or not cells[3].isdecimal():
            raise _bad(file, number, "thiếu giọng hoặc số câu", "no voice or no number")
        if not listener or native not in YES | NO:
            raise _bad(
                file,
                number,
                "hãy ghi tên người nghe, và có / không phải tiếng mẹ đẻ",
                "write the listener's name, and whether they are native (yes / no)",
            )
        heard = cells[4][:LONGEST_HEARD]
        answers.append(Answer(cells[0], listener, native in YES, int(cells[3]), heard))
    return answers


def _bad(file: Path, line: int, vi: str, en: str) -> ControllerError:
    return ControllerError(
        "bad_listening_sheet",
        f"{file}, dòng {line}: {vi}. Chưa tính và chưa gửi gì.",
        f"{file}, line {line}: {en}. Nothing was counted or sent.",
    )


def _page(voice: str, sounds: Sequence[Path]) -> str:
    lines = "\n".join(
        f'<li><audio controls preload="none" src="{html.escape(sound.name)}"></audio><p></p></li>'
        for sound in sounds
    )
    return f"""<!doctype html>
<html lang="vi"><meta charset="utf-8"><title>Phiếu nghe {html.escape(voice)}</title>
<style>
body {{ font: 16px sans-serif; max-width: 46em; margin: 2em auto; }}
li p {{ border-bottom: 1px solid #555; height: 2em; margin: 0 0 .6em; }}
@media print {{ audio {{ display: none; }} }}
</style>
<h1>Phiếu nghe</h1>
<p>Giọng / voice: <b>{html.escape(voice)}</b></p>
<p>Nghe mỗi câu nhiều nhất hai lần, qua loa, rồi viết lại đúng những gì nghe được. Không hỏi ai,
không đoán; không nghe ra thì để trống.<br>
<i>Hear each sentence at most twice, through the loudspeaker, and write down what you heard. Ask
nobody, guess nothing; leave empty what you did not understand.</i></p>
<p>Người nghe / listener: ______________________
Tiếng Việt là tiếng mẹ đẻ / native: ☐ có / yes ☐ không / no</p>
<ol>
{lines}
</ol>
</html>
"""
