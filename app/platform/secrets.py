"""Secrets that people entrust, encrypted at rest with a key of their own drawn from the application's."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app


class Unopenable(ValueError):
    """The secret was encrypted under another application key."""


def _fernet() -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=b"jalon: entrusted secrets").derive(
        current_app.config["SETTINGS"].secret_key.encode()
    )
    return Fernet(base64.urlsafe_b64encode(key))


def encrypt(secret: str) -> str:
    return _fernet().encrypt(secret.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Raises `Unopenable`."""
    try:
        return _fernet().decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise Unopenable("encrypted under another key") from error
