"""Secrets that people entrust, encrypted at rest, and a key for each use, all drawn from the application's keys."""

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app


class Unopenable(ValueError):
    """The secret was encrypted under a key that the application no longer has."""


def derive_key(key: str, use: str) -> bytes:
    """A key of 32 bytes for one `use`: whoever learns it learns nothing of the others."""
    return HKDF(SHA256(), 32, salt=None, info=f"jalon: {use}".encode()).derive(key.encode())


def derived_texts(keys: Sequence[str], use: str) -> list[str]:
    """The keys of one `use`, the newest first, as texts."""
    return [derive_key(key, use).hex() for key in keys]


def _fernet() -> MultiFernet:
    keys = current_app.config["SETTINGS"].secret_keys
    return MultiFernet([Fernet(base64.urlsafe_b64encode(derive_key(key, "entrusted secrets"))) for key in keys])


def encrypt_text(secret: str) -> str:
    """Under the newest key."""
    return _fernet().encrypt(secret.encode()).decode()


def decrypt_text(encrypted: str) -> str:
    """Whichever key it was encrypted under. Raises `Unopenable`."""
    try:
        return _fernet().decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise Unopenable("encrypted under another key") from error


def renew_text(encrypted: str) -> str:
    """The same secret under the newest key. Raises `Unopenable`."""
    try:
        return _fernet().rotate(encrypted.encode()).decode()
    except InvalidToken as error:
        raise Unopenable("encrypted under another key") from error
