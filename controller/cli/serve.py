"""`loalang serve`: the controller for real use, until it is told to stop."""

import contextlib
import sys

from controller.app import create_app
from controller.operations.load_sample import load_sample
from controller.operations.sign_in import enrol_first_account
from controller.server import listen, serving, stop_on_signals
from controller.settings import Settings
from controller.version import VERSION
from controller.wiring import Controller, utc_now


async def serve(settings: Settings, *, sample_villages: int) -> None:
    """Serve until SIGTERM or Ctrl-C; raises a `ControllerError` when it cannot start."""
    stopping = stop_on_signals()
    sock = listen(settings.http_host, settings.http_port)
    url = f"http://{settings.http_host}:{sock.getsockname()[1]}"
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(sock.close)
        controller = Controller(settings, url)
        stack.push_async_callback(controller.stop)
        if sample_villages:
            load_sample(controller.database, sample_villages, law=None)
        made = enrol_first_account(controller.database, utc_now())
        await controller.start()
        await stack.enter_async_context(serving(create_app(controller.services, VERSION), sock))
        stack.callback(controller.services.closing.set)
        if made is not None:
            print(
                "Tài khoản đầu tiên, chỉ in một lần / first account, printed once only:\n"
                f"  {made[0]}  {made[1]}",
                file=sys.stderr,
            )
        print(f"Loa Làng {VERSION}: {url}", file=sys.stderr, flush=True)
        await stopping.wait()
        print("Đang dừng… / stopping…", file=sys.stderr)
