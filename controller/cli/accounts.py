"""`loalang add-account`: a name and a password for one more person."""

from controller.cli.signed_in import signed_in


def add_account(url: str, user: str, password: str, name: str) -> None:
    """Print the new account's password, this once."""
    made = signed_in(url, user, password).post("/accounts", {"name": name})
    print(f"{made['name']}\t{made['password']}")
