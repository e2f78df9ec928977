"""`loalang add-account`: a name and a password for one more person."""

from controller.cli.api_client import Api


def add_account(url: str, user: str, password: str, name: str) -> None:
    """Print the new account's password, this once."""
    api = Api(url)
    api.sign_in(user, password)
    made = api.post("/accounts", {"name": name})
    print(f"{made['name']}\t{made['password']}")
