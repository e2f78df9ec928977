"""A second person signs in under a name of their own: nobody is the second listener of themselves.

Only the first account makes others, so that one person cannot become two.
"""

from datetime import datetime

from sqlmodel import col, select

from audio_library.script import check_text
from controller.access import passwords
from controller.errors import ControllerError
from controller.operations.ids import new_id
from controller.operations.sign_in import FIRST_ACCOUNT
from controller.storage.database import Database
from controller.storage.instants import to_ms
from controller.storage.tables import Account

LONGEST_NAME = 60


def add_account(database: Database, name: str, by: str, now: datetime) -> tuple[str, str]:
    """Make an account: (name, password), the password to be shown once and kept nowhere.

    Raises ControllerError: not_administrator, name_taken, name_too_long; EmptyText.
    """
    if by != FIRST_ACCOUNT:
        raise ControllerError(
            "not_administrator",
            f"Chỉ tài khoản {FIRST_ACCOUNT} được thêm người. Chưa có gì thay đổi.",
            f"Only the account {FIRST_ACCOUNT} may add people. Nothing was changed.",
        )
    kept = " ".join(check_text(name).split())
    if len(kept) > LONGEST_NAME:
        raise ControllerError(
            "name_too_long",
            f"Tên dài quá {LONGEST_NAME} chữ. Hãy đặt tên ngắn hơn.",
            f"The name has more than {LONGEST_NAME} characters. Choose a shorter one.",
        )
    password = passwords.new_password()
    hashed = passwords.hash_password(password)
    with database.write() as session:
        taken = session.exec(select(col(Account.name))).all()
        if kept.casefold() in {other.casefold() for other in taken}:
            raise ControllerError(
                "name_taken",
                f"Đã có tài khoản tên “{kept}”. Hãy chọn tên khác.",
                f"There is an account of the name “{kept}”. Choose another name.",
            )
        session.add(Account(id=new_id(), name=kept, password_hash=hashed, created_ms=to_ms(now)))
    return kept, password
