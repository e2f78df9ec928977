"""Passwords of people (argon2) and of boxes (mosquitto's own hash form); session tokens."""

import base64
import hashlib
import hmac
import secrets

from pwdlib import PasswordHash

_hasher = PasswordHash.recommended()

# Box passwords are 24 random bytes: stretching adds nothing, and a fleet signs in at once.
BOX_ITERATIONS = 101
SESSION_MS = 12 * 3_600_000


def new_password() -> str:
    """Make a password for a person: 16 letters and digits that are not mistaken for others."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))


def hash_password(password: str) -> str:
    """Hash a person's password; slow on purpose, so call it in a thread."""
    return _hasher.hash(password)


def password_holds(password: str, hashed: str) -> bool:
    """Check a person's password; slow on purpose, so call it in a thread."""
    return _hasher.verify(password, hashed)


def new_box_password() -> str:
    """Make a password for a box's connection to the broker."""
    return secrets.token_urlsafe(24)


def hash_box_password(password: str) -> str:
    """Hash as mosquitto reads it in a password file: `$7$iterations$salt$pbkdf2-sha512`."""
    salt = secrets.token_bytes(12)
    return f"$7${BOX_ITERATIONS}${base64.b64encode(salt).decode()}${_stretch(password, salt)}"


def box_password_holds(password: str, hashed: str) -> bool:
    """Check a password against mosquitto's hash form."""
    try:
        _, kind, iterations, salt, stretched = hashed.split("$")
        made = _stretch(password, base64.b64decode(salt), int(iterations))
    except ValueError:
        return False
    return kind == "7" and hmac.compare_digest(made, stretched)


def _stretch(password: str, salt: bytes, iterations: int = BOX_ITERATIONS) -> str:
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, 64)
    return base64.b64encode(digest).decode()


def new_token() -> str:
    """Make a session token; only its hash is stored."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Give the form of a session token that is stored."""
    return hashlib.sha256(token.encode()).hexdigest()
