"""Children that make a sound must not outlive the agent that would have stopped them."""

import shutil


def bound(argv: tuple[str, ...]) -> tuple[str, ...]:
    """`argv` so that the kernel kills it with the thread that starts it, if the machine can.

    Raises FileNotFoundError if there is no such program.
    """
    if shutil.which(argv[0]) is None:
        raise FileNotFoundError(2, "No such file or directory", argv[0])
    binder = shutil.which("setpriv")
    return argv if binder is None else (binder, "--pdeathsig", "KILL", "--", *argv)
