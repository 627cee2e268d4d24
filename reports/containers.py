"""The container of a seal or of a timestamp (CMS, RFC 5652): nothing in it that its own signature does not hold.

A signature covers its signed attributes; around them lie bytes that a validator ignores: padding, certificates that
no path needs, versions, names repeated. Changed, they would pass unseen.
"""

import hashlib
from collections.abc import Collection, Iterable
from typing import Any

from asn1crypto import cms
from asn1crypto.algos import DSASignature
from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key


def is_strict(signed: cms.SignedData, gap: bytes | None, known: Iterable[Certificate]) -> bool:
    """Whether the container holds only what it needs: `gap` is its hexadecimal in the file, where it has a place of its
    own; `known` are the certificates that it may hold."""
    if gap is not None and not _encodes_itself(bytes.fromhex(gap[1:-1].decode())):
        return False
    infos = list(signed["signer_infos"])
    if len(infos) != 1 or _has(signed["crls"]):
        return False
    allowed = {hashlib.sha256(certificate.dump()).digest(): certificate for certificate in known}
    embedded = [choice.chosen for choice in signed["certificates"]]
    prints = [hashlib.sha256(certificate.dump()).digest() for certificate in embedded]
    if len(set(prints)) != len(prints) or not set(prints) <= set(allowed):
        return False
    algorithms = [a["algorithm"].native for a in signed["digest_algorithms"]]
    info = infos[0]
    return (
        algorithms == [info["digest_algorithm"]["algorithm"].native]
        and info["version"].native == "v1"
        and signed["version"].native in {"v1", "v3"}
        and _names_its_signer(info, embedded)
        and _unsigned_are_timestamps(info)
    )


def is_ours(signed: cms.SignedData, gap: bytes, signer: Certificate, known: Collection[Certificate]) -> bool:
    """As `is_strict`, for a seal made here: its algorithms and its numbers are spelt in one way only, and every `known`
    certificate above those that it holds is in it."""
    info = signed["signer_infos"][0]
    written = info["signature_algorithm"]
    held = {choice.chosen.dump(): choice.chosen.issuer for choice in signed["certificates"]}
    above = [certificate.dump() for certificate in known if certificate.subject in held.values()]
    return (
        is_strict(signed, gap, known)
        and set(above) <= set(held)
        and written["algorithm"].native == _ALGORITHMS.get(signer.public_key.algorithm)
        and written["parameters"].native is None
        and info["digest_algorithm"]["parameters"].native is None
        and info["signature"].native == with_lesser_s(info["signature"].native, signer)
    )


_ALGORITHMS = {"rsa": "sha256_rsa", "ec": "sha256_ecdsa"}


def with_lesser_s(signature: bytes, signer: Certificate) -> bytes:
    """An ECDSA signature with the lesser `s`: its opposite would do as well. Any other is given back as it is."""
    key = load_der_public_key(signer.public_key.dump())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return signature
    pair = DSASignature.load(signature)
    s = int(pair["s"].native)
    smaller: bytes = DSASignature({"r": pair["r"].native, "s": min(s, key.curve.group_order - s)}).dump()
    return smaller


def timestamp_token(signed: cms.SignedData) -> cms.SignedData | None:
    """The timestamp that a seal bears among its unsigned attributes."""
    attributes = signed["signer_infos"][0]["unsigned_attrs"]
    if not _has(attributes):
        return None
    return next(
        (a["values"][0]["content"] for a in attributes if a["type"].native == "signature_time_stamp_token"), None
    )


def _encodes_itself(raw: bytes) -> bool:
    """Whether the bytes are one DER value and zeros: no other spelling, no hidden rest."""
    plain: bytes = cms.ContentInfo.load(raw).dump()
    if raw[len(plain) :].strip(b"\0"):
        return False
    again: bytes = cms.ContentInfo.load(plain).dump(force=True)
    return again == plain == raw[: len(plain)]


def _names_its_signer(info: Any, embedded: list[Certificate]) -> bool:
    """A name matches whatever its letters' case: ask for the very bytes."""
    sid = info["sid"].chosen
    return any(
        sid["issuer"].dump() == certificate.issuer.dump() and sid["serial_number"].native == certificate.serial_number
        for certificate in embedded
    )


def _unsigned_are_timestamps(info: Any) -> bool:
    if not _has(info["unsigned_attrs"]):
        return True
    attributes = list(info["unsigned_attrs"])
    if [a["type"].native for a in attributes] != ["signature_time_stamp_token"] or len(attributes[0]["values"]) != 1:
        return False
    token = attributes[0]["values"][0]["content"]
    return not any(_has(inner["unsigned_attrs"]) for inner in token["signer_infos"])


def _has(value: Any) -> bool:
    return bool(value.native)
