"""Rules for all tests: real parts that a machine may lack, and how hypothesis runs."""

import os
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from controller.access import passwords
from deploy.parts import PARTS, apt_line, is_installed

WAITING = pytest.StashKey[Counter[str]]()

settings.register_profile("person", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "person")


@pytest.fixture(autouse=True)
def own_time_zone() -> Iterator[None]:
    """A command that signs in shows the station's hours: the next test has its own again."""
    before = os.environ.get("TZ")
    yield
    if os.environ.get("TZ") != before:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


def pytest_configure(config: pytest.Config) -> None:
    # Hundreds of tests sign in: a hash that takes a fifth of a second is for thieves, not for them.
    passwords._hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    config.stash[WAITING] = Counter()


def pytest_runtest_setup(item: pytest.Item) -> None:
    needed = [name for marker in item.iter_markers("needs") for name in marker.args]
    missing = [name for name in needed if not is_installed(PARTS[name])]
    if not missing:
        return
    item.config.stash[WAITING].update(missing)
    reason = f"needs {', '.join(missing)}"
    if os.environ.get("LOALANG_REQUIRE_PARTS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    waiting = config.stash[WAITING]
    if not waiting:
        return
    counts = ", ".join(f"{count} for {name}" for name, count in waiting.items())
    terminalreporter.write_line(f"Tests that wait: {counts}. To run them:")
    terminalreporter.write_line(f"  {apt_line(PARTS[name] for name in waiting)}")
