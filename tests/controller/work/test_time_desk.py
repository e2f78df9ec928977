import asyncio

from controller.work.time_desk import AT_ONCE, TimeDesk


def test_the_newest_question_of_each_box_is_answered_once() -> None:
    async def run() -> list[tuple[str, str]]:
        desk, answered = TimeDesk(), []

        async def answer(box: str, nonce: str) -> None:
            answered.append((box, nonce))

        desk.ask("a", "1")
        desk.ask("b", "2")
        desk.ask("a", "3")
        at_work = asyncio.create_task(desk.answer(answer))
        async with asyncio.timeout(5):
            while len(answered) < 2:
                await asyncio.sleep(0)
            desk.ask("a", "4")
            while len(answered) < 3:
                await asyncio.sleep(0)
        at_work.cancel()
        return answered

    assert asyncio.run(run()) == [("b", "2"), ("a", "3"), ("a", "4")]


def test_a_province_is_answered_while_some_of_it_still_asks() -> None:
    async def run() -> set[str]:
        desk, answered = TimeDesk(), set[str]()

        async def answer(box: str, _: str) -> None:
            answered.add(box)

        for number in range(3 * AT_ONCE + 1):
            desk.ask(f"box{number}", "n")
        at_work = asyncio.create_task(desk.answer(answer))
        async with asyncio.timeout(5):
            while len(answered) < 3 * AT_ONCE + 1:
                await asyncio.sleep(0)
        at_work.cancel()
        return answered

    assert len(asyncio.run(run())) == 3 * AT_ONCE + 1
