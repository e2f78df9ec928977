"""`loalang-agent pair`: reads the code, looks for the office, and says how it goes."""

import logging
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent import identity, log_setup, paired, settings
from edge_agent.cli.line import BadUsage, Line
from edge_agent.contract import pairing as wire
from edge_agent.errors import PairingFailed, StateBusy, StateUnwritable
from edge_agent.pairing import Counter, WebCounter, pair

SERVICE = "_loalang._tcp"
LAST_GUESS = "https://loalang.local:8443"
PORT = 8443
LOOKED_S = 15.0
MAX_FILE_BYTES = 16_384

Tell = Callable[[str], None]


def run(line: Line, tell: Tell) -> int:
    """Pair the box of the configuration; gives the exit status. Raises `AgentError`."""
    log_setup.configure(level=logging.CRITICAL)
    chosen = settings.read(line.path("--config"))
    words, anew = line.words, "--anew" in line.switches
    if "--from" in line.values:
        if words:
            raise BadUsage("Dùng --from hoặc mã, không cả hai.", "Give --from or a code, not both.")
        words = tuple(_words_of(line.path("--from")))
        anew = anew or "--anew" in words
        words = tuple(word for word in words if "://" in word or _is_code(word))
    address, code = _understood(words)
    state_dir = Path(chosen.state_dir)
    identity.prepare(state_dir)
    try:
        _take_up(chosen, tell)
        papers = paired.read(state_dir)
        if papers is None or papers.pairing != code.id:
            if papers is not None and not anew:
                raise PairingFailed(
                    f"Máy đã thuộc một văn phòng ({', '.join(papers.offices)}). Để ghép nối lại "
                    "với khoá mới, hãy thêm --anew; đến khi được duyệt máy vẫn chạy như cũ.",
                    f"The box belongs to an office ({', '.join(papers.offices)}). To pair it with "
                    "a new key, add --anew; until it is approved it works as before.",
                    "already_paired",
                )
            tell("Đang tìm văn phòng… / looking for the office…")
            pair(
                state_dir,
                lambda: _counters(address),
                code,
                anew=anew,
                tell=tell,
                now_ms=time.time_ns() // 1_000_000,
            )
            _take_up(chosen, tell)
    except OSError as e:
        raise StateUnwritable(
            f"Không ghi được vào {state_dir}: {e}. Máy vẫn như cũ; mã còn dùng được, hãy chạy lại.",
            f"Cannot write in {state_dir}: {e}. The box is as it was; the code still counts, run "
            "it again.",
        ) from e
    tell("ĐÃ GHÉP NỐI. Chạy máy: / PAIRED. Start the box:")
    tell("  systemctl restart loalang-agent")
    tell(f"  loalang-agent run --config {line.path('--config')}")
    return 0


def _take_up(chosen: settings.Settings, tell: Tell) -> None:
    """Papers that lie ready are taken up now, or by the running agent's next start."""
    try:
        paired.take_up(Path(chosen.state_dir), did=chosen.did, root=chosen.root_public_key)
    except StateBusy:
        tell(
            "Máy đang chạy với giấy tờ cũ; nó dùng giấy tờ mới khi khởi động lại. / "
            "The agent runs by its old papers; it takes up the new ones when it is started anew."
        )


def _understood(words: Sequence[str]) -> tuple[str, wire.Code]:
    """Address ("" = look for it) and code. Raises `BadUsage`."""
    if not words or not _is_code(words[-1]):
        raise BadUsage(
            "Mã ghép nối có 16 chữ, dạng ABCD-EFGH-JKMN-PQRS. Hãy xem lại mã.",
            "A pairing code has 16 letters, like ABCD-EFGH-JKMN-PQRS. Look at it again.",
        )
    return (_address(words[0]) if len(words) > 1 else ""), wire.read_code(words[-1])


def _is_code(word: str) -> bool:
    try:
        wire.read_code(word)
    except ValueError:
        return False
    return True


def _address(text: str) -> str:
    """The address with scheme and port. Raises `BadUsage`."""
    whole = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(whole)
        usable = parts.scheme in ("https", "http") and bool(parts.hostname)
        port = parts.port or (PORT if parts.scheme == "https" and "://" not in text else None)
    except ValueError:
        usable, port = False, None
    if not usable:
        raise BadUsage(f"Địa chỉ {text!r} không đúng.", f"{text!r} is no address.")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def _words_of(file: Path) -> Iterator[str]:
    """The words of a text file, without lines that begin with #. Raises `BadUsage`."""
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_FILE_BYTES).decode("utf-8-sig", errors="replace")
    except OSError as e:
        raise BadUsage(f"Không đọc được {file}: {e}.", f"Cannot read {file}: {e}.") from e
    for row in text.splitlines():
        if not row.lstrip().startswith("#"):
            yield from row.split()


def _counters(address: str) -> Iterator[Counter]:
    """The office at `address`, or those that the network tells of, the usual name last."""
    if address:
        yield WebCounter(address)
        return
    for found in _announced():
        yield WebCounter(found)
    yield WebCounter(LAST_GUESS)


def _announced() -> Iterator[str]:
    """Addresses of offices that announce themselves by mDNS."""
    program = shutil.which("avahi-browse")
    if program is None:
        return
    try:
        ran = subprocess.run(
            [program, "-rpt", SERVICE],
            capture_output=True,
            text=True,
            timeout=LOOKED_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    yield from announced_in(ran.stdout)


def announced_in(listing: str) -> Iterator[str]:
    """Addresses in what `avahi-browse -rp` prints, each once."""
    seen: set[str] = set()
    for row in listing.splitlines():
        parts = row.split(";")
        if len(parts) < 9 or parts[0] != "=" or not parts[8].isdigit():
            continue
        # An address of a link alone means nothing without its interface.
        if parts[2] == "IPv6" and parts[7].lower().startswith("fe80"):
            continue
        host = f"[{parts[7]}]" if ":" in parts[7] else parts[7]
        found = f"https://{host}:{parts[8]}"
        if found not in seen:
            seen.add(found)
            yield found
