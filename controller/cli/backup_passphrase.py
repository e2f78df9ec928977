"""Where the passphrase of a backup comes from: a file, a person, or a new one said once."""

import sys
from pathlib import Path

import typer

from controller.access.passwords import new_password
from controller.errors import BackupRefused

LONGEST_FILE_BYTES = 1_000


def given(file: Path | None) -> str | None:
    """The first line of a file; None when no file was named. Raises `BackupRefused`, OSError."""
    if file is None:
        return None
    with file.open("rb") as content:
        raw = content.read(LONGEST_FILE_BYTES)
    try:
        first = raw.decode().splitlines()[0].strip()
    except (UnicodeDecodeError, IndexError):
        first = ""
    if not first:
        raise BackupRefused(
            "passphrase_empty",
            f"Tệp {file} không có mật khẩu ở dòng đầu. Chưa làm gì.",
            f"The file {file} has no passphrase in its first line. Nothing was done.",
        )
    return first


def typed() -> str:
    """Asked of the person, once."""
    asked: str = typer.prompt(
        "Mật khẩu của bản sao lưu / passphrase of the backup", hide_input=True
    )
    return asked.strip()


def chosen_or_made() -> tuple[str, bool]:
    """A person's own, or a new one if they leave it empty or nobody is there; whether it is new."""
    if sys.stdin.isatty():
        asked: str = typer.prompt(
            "Mật khẩu cho bản sao lưu; để trống: máy tự đặt / passphrase; empty: one is made",
            default="",
            show_default=False,
            hide_input=True,
            confirmation_prompt=True,
        )
        if asked.strip():
            return asked.strip(), False
    return new_password(), True
