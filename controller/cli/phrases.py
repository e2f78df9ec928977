"""`loalang phrases`: the phrase bank of a running controller."""

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from controller.cli.signed_in import HERE, OFFICER, Password, Url, User, signed_in
from controller.errors import ControllerError

app = typer.Typer(no_args_is_help=True, help="Ngân hàng câu khẩn cấp / the phrase bank.")

Lang = Annotated[str, typer.Option("--lang", help="Mã tiếng / language tag.")]
Unit = Annotated[str | None, typer.Option(help="Mã xã, thôn / unit id.")]
Ids = Annotated[list[str] | None, typer.Option(help="Mã câu, lặp lại được / phrase ids.")]


_MOMENT = re.compile(r"(\d{1,2}):(\d{2})(?: (\d{1,2})/(\d{1,2}))?")


@app.command("list")
def list_phrases(
    lang: Lang = "vi",
    unit: Unit = None,
    lacking: Annotated[
        bool, typer.Option("--lacking", help="Chỉ mục chưa nghe được / only what is not heard.")
    ] = False,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Mọi câu của một thứ tiếng: mã, lời, đã nghe được chưa / the phrases of a language."""
    asked = {"language": lang} | ({"unit": unit} if unit else {})
    bank = signed_in(url, user, password).get(f"/phrases?{urlencode(asked)}")
    print(f"{bank['readiness']['vi']}\n{bank['readiness']['en']}")
    for phrase in bank["phrases"]:
        if lacking and (phrase["audio"] or not phrase["needed"]):
            continue
        state = "✓" if phrase["audio"] else phrase["error_vi"] or phrase["making"] or "—"
        print("\t".join((phrase["id"], phrase["words"] or "—", phrase["vi"] or "", state)))


@app.command("set")
def set_phrase(
    phrase: Annotated[str, typer.Argument(help="Mã câu: hazard.flash_flood / phrase id.")],
    words: Annotated[str, typer.Argument(help="Lời đúng như sẽ nói / exactly what is said.")],
    lang: Lang = "vi",
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Đặt lời cho một câu / set how a language says a phrase."""
    path = f"/phrases/{quote(lang, safe='')}/{quote(phrase, safe='')}"
    kept = signed_in(url, user, password).put(path, {"words": words})
    print(f"{kept['id']}\t{kept['words']}")


@app.command()
def render(
    lang: Lang = "vi",
    unit: Unit = None,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Tạo âm thanh các câu còn thiếu; chạy lại để xem đến đâu / make what is missing, and count."""
    query = f"?{urlencode({'unit': unit})}" if unit else ""
    made = signed_in(url, user, password).post(f"/phrases/{quote(lang, safe='')}/render{query}")
    print(
        f"mới yêu cầu / asked {made['asked']}, đã có / ready {made['ready']}, "
        f"đang chờ / waiting {made['waiting']}, hỏng / failed {made['failed']}, "
        f"chưa có lời hay giọng / lacking {made['lacking']}"
    )


@app.command()
def compose(
    sentence: Annotated[str, typer.Argument(help="alert | update | all_clear | test")] = "alert",
    lang: Lang = "vi",
    hazard: Ids = None,
    place: Ids = None,
    level: Ids = None,
    when: Ids = None,
    instruction: Ids = None,
    source: Ids = None,
    wind: Annotated[int | None, typer.Option(min=0, help="Cấp gió / wind level.")] = None,
    rain: Annotated[int | None, typer.Option(min=0, help="Mưa, mi li mét / rain in mm.")] = None,
    since: Annotated[str | None, typer.Option(metavar="'HH:MM [D/M]'")] = None,
    until: Annotated[str | None, typer.Option(metavar="'HH:MM [D/M]'")] = None,
    issued: Annotated[str | None, typer.Option(metavar="'HH:MM [D/M]'")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Ghép cả âm thanh / join its audio too.")
    ] = None,
    url: Url = HERE,
    user: User = OFFICER,
    password: Password = "",
) -> None:
    """Ghép một câu từ ngân hàng câu / say a sentence from phrases."""
    lists = {
        "hazards": _named("hazard", hazard),
        "places": _named("place", place),
        "level": _named("level", level),
        "when": _named("time", when),
        "instructions": _named("instruction", instruction),
        "source": _named("source", source),
    }
    values: dict[str, Any] = {
        **{slot: phrases for slot, phrases in lists.items() if phrases},
        **{slot: n for slot, n in (("wind", wind), ("rain_mm", rain)) if n is not None},
        **{
            slot: _moment(text)
            for slot, text in (("since", since), ("until", until), ("issued", issued))
            if text
        },
    }
    api = signed_in(url, user, password)
    asked = {"language": lang, "sentence": sentence, "audio": out is not None, **values}
    said = api.post("/phrases/compose", asked)
    print(said["text"] or "—")
    print(" ".join(said["phrases"]))
    if not said["confirmed"]:
        print("! trật tự câu theo tiếng Việt, chưa ai xác nhận / the order is not confirmed")
    for missing in said["missing"]:
        print(f"! {missing['phrase']}: {missing['why']}")
    if out is not None:
        out.write_bytes(api.audio(said["audio"]))
        print(f"{out}: {said['duration_ms'] / 1000:.2f} s, sha256 {said['audio']}")


@app.command()
def index(url: Url = HERE, user: User = OFFICER, password: Password = "") -> None:
    """Mục lục cho các hộp loa, và cỡ của nó / the index for the boxes, and its size."""
    import json

    found = signed_in(url, user, password).get("/phrases/index")
    sent = json.dumps(found, separators=(",", ":"))
    print(sent)
    print(f"{len(sent)} byte, {len(found['b'])} thứ tiếng / languages")


def _named(prefix: str, given: list[str] | None) -> list[str]:
    """`flash_flood` is short for `hazard.flash_flood`."""
    return [each if "." in each else f"{prefix}.{each}" for each in given or []]


def _moment(text: str) -> dict[str, int]:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ControllerError(
            "bad_moment",
            f"“{text}” không phải là giờ. Hãy viết như 05:30 hoặc 05:30 15/8.",
            f"“{text}” is no time. Write it as 05:30 or 05:30 15/8.",
        )
    names = ("hour", "minute", "day", "month")
    return {name: int(part) for name, part in zip(names, found.groups(), strict=True) if part}
