"""`loalang serve`: the controller for real use, until it is told to stop."""

import contextlib
import sys

from controller.app import create_app
from controller.errors import SettingsWrong
from controller.operations.load_sample import load_sample
from controller.operations.sign_in import enrol_first_account
from controller.server import listen, serving, stop_on_signals
from controller.settings import WILDCARDS, Settings
from controller.version import VERSION
from controller.wiring import Controller, utc_now


def refuse_unreachable(settings: Settings) -> None:
    """A wildcard is no address to give to boxes; raises `SettingsWrong`."""
    if settings.http_host in WILDCARDS and not settings.public_url:
        raise SettingsWrong(
            "public_url_needed",
            f"Khi mở ra mạng ({settings.http_host}), hộp loa cần biết địa chỉ của máy này. "
            "Hãy đặt LOALANG_PUBLIC_URL, ví dụ http://192.0.2.10:8077. Chưa chạy gì.",
            f"Open to the network ({settings.http_host}), boxes must know this machine's address. "
            "Set LOALANG_PUBLIC_URL, for example http://192.0.2.10:8077. Nothing was started.",
        )


async def serve(settings: Settings, *, sample_villages: int) -> None:
    """Serve until SIGTERM or Ctrl-C; raises a `ControllerError` when it cannot start."""
    refuse_unreachable(settings)
    stopping = stop_on_signals()
    sock = listen(settings.http_host, settings.http_port)
    url = settings.public_url or f"http://{settings.http_host}:{sock.getsockname()[1]}"
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
