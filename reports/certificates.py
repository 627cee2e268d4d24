"""Certificates: what seals, and whom a reader trusts. Read without pyHanko, which takes a second to import."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import keys, pem
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Said in the name of every certificate made for trials; whoever reads a verdict sees it.
TRIAL = "ESSAI, sans valeur"
_TRIAL_LIFE = timedelta(days=3650)


class UnusableSeal(ValueError):
    """The certificate or its key cannot seal; the message says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a reader trusts: `seals`, certificates that may seal and those above them; `clocks`, the roots of timestamp
    authorities. Neither serves for the other: whoever certifies a thousand others for one must not seal in our name."""

    seals: tuple[Certificate, ...] = ()
    clocks: tuple[Certificate, ...] = ()

    @property
    def sealers(self) -> tuple[Certificate, ...]:
        """The very certificates that may seal: those that are no authority."""
        return tuple(certificate for certificate in self.seals if not certificate.ca)


@dataclass(frozen=True, slots=True)
class Sealer:
    """What seals: the certificate, its key, the certificates that vouch for it, and whom our readers trust.

    Level B-B; with a timestamp authority B-T, or B-LTA when `long_term`. Without its key, it says who seals and seals nothing.
    """

    certificate: Certificate
    key: keys.PrivateKeyInfo | None
    chain: tuple[Certificate, ...]
    trust: Trust
    timestamp_url: str = ""
    long_term: bool = False

    @property
    def is_trial(self) -> bool:
        return TRIAL in str(self.certificate.subject.native.get("common_name", ""))


def read_certificates(text: bytes) -> tuple[Certificate, ...]:
    """The certificates of a PEM text, in its order; none of an empty one. Raises `UnusableSeal`."""
    if not text.strip():
        return ()
    try:
        found = [der for kind, _, der in pem.unarmor(text, multiple=True) if kind == "CERTIFICATE"]
        return tuple(Certificate.load(der, strict=True) for der in found)
    except ValueError as error:
        raise UnusableSeal(f"not a PEM certificate: {error}") from error


def read_sealer(
    chain_pem: bytes,
    key_pem: bytes | None,
    *,
    former_pem: bytes = b"",
    clocks_pem: bytes = b"",
    timestamp_url: str = "",
    long_term: bool = False,
) -> Sealer:
    """From PEM texts: the seal's certificate first, then those above it; `former_pem` holds the certificates that sealed
    before it, `clocks_pem` the roots of the timestamp authorities. No key: of a process that does not seal. Raises
    `UnusableSeal`."""
    chain = read_certificates(chain_pem)
    if not chain:
        raise UnusableSeal("no certificate in the file of the seal")
    key = None if key_pem is None else _read_key(key_pem, chain[0])
    usage = chain[0].key_usage_value
    if chain[0].ca:
        raise UnusableSeal("the certificate of the seal is an authority's: ask it for a certificate of seal")
    if usage is not None and not {"digital_signature", "non_repudiation"} & usage.native:
        raise UnusableSeal("the certificate of the seal is not for signing (its key usage says so)")
    return Sealer(
        chain[0],
        key,
        chain[1:],
        Trust(
            chain + (read_certificates(former_pem) if former_pem else ()),
            read_certificates(clocks_pem) if clocks_pem else (),
        ),
        timestamp_url,
        long_term,
    )


def _read_key(key_pem: bytes, certificate: Certificate) -> keys.PrivateKeyInfo:
    try:
        key = serialization.load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError) as error:
        raise UnusableSeal("the key of the seal is not an unencrypted PEM private key") from error
    encoding = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*encoding) != certificate.public_key.dump():
        raise UnusableSeal("the key of the seal is not that of its certificate")
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return keys.PrivateKeyInfo.load(plain)


def make_trial(now: datetime) -> tuple[bytes, bytes]:
    """A certificate made here for trials, marked as such, and its key: two PEM texts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Jalon – {TRIAL}")])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_cert_sign=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _TRIAL_LIFE)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def check_dates(certificate: Certificate, now: datetime) -> None:
    """Raises `UnusableSeal` where `certificate` is not valid `now`."""
    first, last = certificate.not_valid_before, certificate.not_valid_after
    if not first <= now <= last:
        raise UnusableSeal(
            f"the certificate of the seal is valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}: install another one"
        )


def fingerprint_of(certificate: Certificate) -> str:
    """SHA-256 of a certificate, by which an organisation publishes it."""
    return hashlib.sha256(certificate.dump()).hexdigest()
