"""`loalang-agent selftest`: asks the agent that runs, else looks at the parts itself."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace

from edge_agent import desk, identity, log_setup, refuge, settings
from edge_agent.clock import Reading
from edge_agent.contract.state import Check, CheckState
from edge_agent.decide import Policy
from edge_agent.desk import Done, Said
from edge_agent.errors import NotRunning
from edge_agent.health import read_health
from edge_agent.held import HeldStore
from edge_agent.link import Failure, knock
from edge_agent.selftest.checks import is_good, lines, look
from edge_agent.selftest.trial import sound_tone, switch
from edge_agent.settings import Settings
from edge_agent.silence import silenced
from edge_agent.status.folder import read_stopped
from edge_agent.status.status import Status
from edge_agent.tls import Moment, Tls
from edge_agent.version import VERSION

PATIENCE_S = 120.0
"""A tone waits for what sounds; between two signs of life it may be so long."""

_FAILURES = {
    Failure.UNREACHABLE: ("không tới được", "cannot be reached"),
    Failure.UNTRUSTED: ("chứng chỉ không tin được", "its certificate is not trusted"),
    Failure.REFUSED: ("từ chối đăng nhập", "refuses the login"),
    Failure.SILENT: ("không trả lời", "does not answer"),
}


def run(config: Path, *, tone: bool, tell: Callable[[str], None]) -> int:
    """Check every part and tell of each; gives 1 if one is bad. Raises `AgentError`."""
    log_setup.configure(level=logging.CRITICAL)
    chosen = refuge.find(settings.load(config))
    checks = _asked(chosen, tone, tell)
    for line in lines(checks):
        tell(line)
    return 0 if is_good(checks) else 1


def _asked(chosen: Settings, tone: bool, tell: Callable[[str], None]) -> tuple[Check, ...]:
    state_dir = Path(chosen.state_dir)
    found: object = []
    try:
        for answer in desk.ask(state_dir, "selftest", {"tone": tone}, patience_s=PATIENCE_S):
            match answer:
                case Said(vi, en):
                    tell(f"{vi} / {en}")
                case Done(body):
                    found = body.get("checks")
    except (NotRunning, FileNotFoundError):
        identity.prepare(state_dir)
        with identity.claim(state_dir):
            return tuple(_alone(chosen, tone))
    return msgspec.convert(found, tuple[Check, ...])


def _alone(chosen: Settings, tone: bool) -> Iterator[Check]:
    from edge_agent.wiring import build_trial

    state_dir = Path(chosen.state_dir)
    trial = build_trial(chosen)
    try:
        status = read_stopped(chosen.did, state_dir, VERSION, read_health(), trial.now.system_ms)
        if tone:
            yield sound_tone(chosen, trial, _policy(chosen, trial.now))
        elif chosen.amplifier.gpio is not None or chosen.amplifier.on:
            switch(chosen, trial, on=True)
            switch(chosen, trial, on=False)
        yield from look(chosen, _timed(status, trial.now), amplifier=trial.switch.fault)
    finally:
        trial.close()
    tls = Tls(state_dir if chosen.offices else None)
    tls.moment = Moment.of(trial.now, 0)
    yield from (_broker(chosen.did, broker, tls) for broker in chosen.brokers)


def _broker(did: str, broker: settings.BrokerAddress, tls: Tls) -> Check:
    failure = knock(did, broker, tls)
    if failure is None:
        return Check("broker", CheckState.GOOD, f"đăng nhập được {broker.host}", "logged in")
    vi, en = _FAILURES.get(failure, (failure.value, failure.value))
    return Check("broker", CheckState.BAD, f"{broker.host} {vi}", f"{broker.host} {en}")


def _timed(status: Status, now: Reading) -> Status:
    """What vouches for the clock without an agent; a controller's time needs one that runs."""
    if not now.trusted:
        return status
    told = replace(status.telemetry, clock=now.clock, clock_error_ms=now.error_ms)
    return replace(status, clock_trusted=True, telemetry=told)


def _policy(chosen: Settings, now: Reading) -> Policy:
    desired = HeldStore(Path(chosen.state_dir)).held.desired
    return Policy(
        silenced=silenced(chosen, desired, now.utc_ms, is_switched=_is_switched(chosen, now)),
        quiet_hours=desired.quiet_hours if desired else None,
    )


def _is_switched(chosen: Settings, now: Reading) -> bool:
    if chosen.switches.kill_gpio is None:
        return False
    from edge_agent.pins import Contact

    contact = Contact(chosen.switches.kill_gpio)
    try:
        return contact.closed(now.mono_ms)
    finally:
        contact.close()
