"""As much of `loalang` as the installer sees, in a tenth of a second: accounts, start, health."""

import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Health(BaseHTTPRequestHandler):
    """Answers every question with ok."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        pass


def main(words: list[str]) -> None:
    """`first-account` and `serve`; the schema is `m1` unless SCHEMA says otherwise."""
    if words not in (["first-account"], ["serve"]):
        return
    folder = Path(os.environ["LOALANG_DATA_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(folder / "loalang.sqlite3") as database:
        database.execute("create table if not exists account (name text)")
        database.execute("create table if not exists alembic_version (version_num text)")
        if words == ["first-account"]:
            database.execute("insert into account values ('quantri')")
            database.execute("insert into alembic_version values ('m1')")
            print("  quantri  word-word-word-word")
            return
    port = int(os.environ.get("LOALANG_HTTP_PORT", "0"))
    server = HTTPServer(("127.0.0.1", port), Health)
    print(f"Loa Làng 1: http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
