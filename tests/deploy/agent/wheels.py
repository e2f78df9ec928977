"""Wheels without a registry: of what is installed here, and of this tree under any number."""

import base64
import csv
import hashlib
import io
import zipfile
from importlib import metadata
from pathlib import Path

TREE = Path(__file__).parents[3]
OF_THE_BOX = (
    "cffi",
    "colorzero",
    "cryptography",
    "gpiozero",
    "msgspec",
    "paho-mqtt",
    "pycparser",
    "setuptools",
    "tzdata",
)


def repack(folder: Path) -> None:
    """Put into `folder` a wheel of each thing that a box needs, from this environment."""
    for name in OF_THE_BOX:
        found = metadata.distribution(name)
        tags = [
            line.removeprefix("Tag: ").split("-")
            for line in (found.read_text("WHEEL") or "").splitlines()
            if line.startswith("Tag: ")
        ]
        tag = "-".join(".".join(dict.fromkeys(part)) for part in zip(*tags, strict=True))
        stem = f"{found.name.replace('-', '_')}-{found.version}"
        files = {
            str(file): Path(str(file.locate())).read_bytes()
            for file in found.files or ()
            if not str(file).startswith("..") and not str(file).endswith(".pyc")
        }
        names = {name for name in files if name.endswith("/RECORD")}
        marks = ("/INSTALLER", "/REQUESTED", "/direct_url.json")
        kept = {k: v for k, v in files.items() if k not in names and not k.endswith(marks)}
        info = names.pop().rpartition("/")[0]
        _write(folder / f"{stem}-{tag}.whl", info, kept)


def loalang(folder: Path, version: str, *changes: tuple[str, str, str]) -> Path:
    """A wheel of the agent in this tree; `changes` are (file, old, new) in its sources."""
    files = {
        str(file.relative_to(TREE)): file.read_bytes()
        for file in sorted((TREE / "edge_agent").rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
    number = ("edge_agent/version.py", 'VERSION = "', f'VERSION = "{version}"  # ')
    for name, old, new in (number, *changes):
        text = files[name].decode()
        assert old in text
        files[name] = text.replace(old, new, 1).encode()
    info = f"loalang-{version}.dist-info"
    needs = ("cryptography", "msgspec", "paho-mqtt", "tzdata")
    head = [f"Metadata-Version: 2.1\nName: loalang\nVersion: {version}\nProvides-Extra: edge"]
    head += [f'Requires-Dist: {name}; extra == "edge"' for name in needs]
    files[f"{info}/METADATA"] = ("\n".join(head) + "\n").encode()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{info}/entry_points.txt"] = (
        b"[console_scripts]\nloalang-agent = edge_agent.__main__:main\n"
    )
    wheel = folder / f"loalang-{version}-py3-none-any.whl"
    _write(wheel, info, files)
    return wheel


def _write(wheel: Path, info: str, files: dict[str, bytes]) -> None:
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, content in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            rows.writerow((name, f"sha256={digest.decode()}", len(content)))
            packed.writestr(name, content)
        rows.writerow((f"{info}/RECORD", "", ""))
        packed.writestr(f"{info}/RECORD", record.getvalue())
