"""What waits to be kept of what boxes say: never more than there are boxes, and never the older."""

import asyncio

from controller.operations.observations import BOXES_AT_ONCE, MOST_OF_A_BOX, Observations
from controller.operations.observe_devices import Observation, Said
from edge_agent.contract.commands import AckStatus, CommandAck
from edge_agent.contract.state import (
    CacheState,
    Clock,
    ClockSource,
    Hello,
    Proof,
    SpoolRange,
    State,
    Telemetry,
)


def hello(conn: int, desired: int = 0) -> Hello:
    cache, spool = CacheState(0, 0, "0" * 64), SpoolRange("s", 1, 0)
    return Hello(1, conn, "0.1.0", 1, (), desired, 1, cache, spool, Clock(ClockSource.NTP))


def heartbeat(at: int) -> Telemetry:
    return Telemetry(1, at, 0, 0, 0, 0)


def waiting(*said: Said) -> list[Said]:
    observations = Observations()
    for each in said:
        observations.put(Observation("box", each))
    return [seen.said for seen in observations.take_now()]


def test_of_many_statements_of_a_kind_the_newest_is_kept() -> None:
    said = (State(1, 1, True), hello(1), heartbeat(1), hello(1, desired=7), heartbeat(2))

    assert waiting(*said) == [State(1, 1, True), hello(1, desired=7), heartbeat(2)]


def test_a_death_after_a_hello_comes_after_it_and_one_of_old_not_at_all() -> None:
    birth, death = State(1, 2, True), State(1, 2, False)

    assert waiting(birth, hello(2), death) == [hello(2), death]
    assert waiting(birth, hello(2), State(1, 1, False)) == [birth, hello(2)]


def test_a_proof_of_old_takes_no_newer_ones_place() -> None:
    newer, older = (Proof(1, 1, 1, 1_800_000_000_000, (), (), mono) for mono in (2, 1))

    assert waiting(newer, older) == [newer]


def test_every_step_of_every_command_is_kept() -> None:
    steps = [
        CommandAck(command, status, 1)
        for command in ("c1", "c2")
        for status in (AckStatus.RECEIVED, AckStatus.DONE)
    ]

    assert waiting(*steps, steps[0]) == [*steps[1:], steps[0]]


def test_a_box_that_never_ends_talking_loses_its_own_oldest_words_only() -> None:
    observations = Observations()
    observations.put(Observation("other", heartbeat(1)))
    for number in range(10 * MOST_OF_A_BOX):
        observations.put(Observation("box", CommandAck(f"c{number}", AckStatus.DONE, 1)))

    assert len(observations) == MOST_OF_A_BOX + 1
    assert observations.take_now()[0] == Observation("other", heartbeat(1))


def test_a_province_is_taken_in_helpings_until_nothing_waits() -> None:
    async def run() -> list[int]:
        observations = Observations()
        for number in range(BOXES_AT_ONCE + 1):
            for at in range(1, 4):
                observations.put(Observation(f"box{number}", heartbeat(at)))
        sizes = [len(await observations.take()), len(await observations.take())]
        return [*sizes, len(observations.take_now())]

    assert asyncio.run(run()) == [BOXES_AT_ONCE, 1, 0]
