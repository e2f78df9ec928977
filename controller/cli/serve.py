"""`loalang serve`: the controller for real use, until it is told to stop."""

import contextlib
import sys

from controller.app import create_app, create_box_app
from controller.errors import SettingsWrong
from controller.operations.load_sample import load_sample
from controller.operations.sign_in import enrol_first_account
from controller.server import listen, serving, serving_tls, stop_on_signals
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


def refuse_open_http(settings: Settings) -> None:
    """Where the office has TLS, passwords do not travel without it; raises `SettingsWrong`."""
    if settings.tls == "own" and settings.http_host not in ("127.0.0.1", "::1", "localhost"):
        raise SettingsWrong(
            "tls_means_loopback",
            f"LOALANG_TLS=own thì HTTP không mã hoá chỉ được mở trên chính máy này, không mở ở "
            f"{settings.http_host}. Người dùng vào bằng HTTPS, cổng {settings.https_port}. "
            "Hãy bỏ LOALANG_HTTP_HOST. Chưa chạy gì.",
            f"With LOALANG_TLS=own plain HTTP is open on this machine alone, not at "
            f"{settings.http_host}. People come by HTTPS, port {settings.https_port}. "
            "Remove LOALANG_HTTP_HOST. Nothing was started.",
        )


async def serve(settings: Settings, *, sample_villages: int) -> None:
    """Serve until SIGTERM or Ctrl-C; raises a `ControllerError` when it cannot start."""
    refuse_open_http(settings)
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
        people = create_app(controller.services, VERSION)
        await stack.enter_async_context(serving(people, sock))
        if controller.tls is not None:
            boxes = create_box_app(controller.services)
            await stack.enter_async_context(serving_tls(people, boxes, settings, controller.tls))
        stack.callback(controller.services.closing.set)
        if made is not None:
            print(
                "Tài khoản đầu tiên, chỉ in một lần / first account, printed once only:\n"
                f"  {made[0]}  {made[1]}",
                file=sys.stderr,
            )
        print(f"Loa Làng {VERSION}: {url}", file=sys.stderr, flush=True)
        for office in controller.services.rules.offices:
            print(f"  {office}", file=sys.stderr, flush=True)
        await stopping.wait()
        print("Đang dừng… / stopping…", file=sys.stderr)
