"""`loalang add-account` and `first-account`: a name and a password for a person."""

from controller.cli.signed_in import signed_in
from controller.operations.sign_in import enrol_first_account
from controller.settings import Settings
from controller.storage.database import open_database
from controller.wiring import utc_now


def add_account(url: str, user: str, password: str, name: str) -> None:
    """Print the new account's password, this once."""
    made = signed_in(url, user, password).post("/accounts", {"name": name})
    print(f"{made['name']}\t{made['password']}")


def first_account(settings: Settings) -> None:
    """Print name and password, this once; raises `DatabaseInUse`."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.sqlalchemy_url(), settings.sqlite_path())
    try:
        made = enrol_first_account(database, utc_now())
    finally:
        database.close()
    if made is None:
        print("Đã có tài khoản, không tạo thêm / there is an account already, none was made")
        return
    print("Tài khoản đầu tiên, chỉ in một lần / the first account, printed once only:")
    print(f"  {made[0]}  {made[1]}", flush=True)
