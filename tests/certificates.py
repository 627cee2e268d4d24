"""Certificates for tests: roots, an authority under one, a seal, a timestamp authority."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from asn1crypto import keys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

from reports.certificates import Sealer, read_certificates, read_sealer

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


@dataclass(frozen=True)
class Issued:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def issue(
    name: str,
    by: Issued | None = None,
    *,
    ca: bool = False,
    clock: bool = False,
    server: bool = False,
    days: tuple[int, int] = (-1, 900),
    ending: bytes = b"",
) -> Issued:
    """A certificate valid for `days` around today: an authority's, a clock's, a server's of that name, or a seal's.

    `ending` is its last byte, drawn where nothing is given.
    """
    key = rsa.generate_private_key(65537, 2048)
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(not ca, not ca, False, False, False, ca, ca, False, False), critical=True)
    )
    if server:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    if clock:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    while True:
        numbered = builder.serial_number(x509.random_serial_number())
        certificate = numbered.sign(by.key if by else key, hashes.SHA256())
        if certificate.public_bytes(DER).endswith(ending):
            return Issued(certificate, key)


@dataclass(frozen=True)
class Chain:
    root: Issued
    middle: Issued
    leaf: Issued
    clock_root: Issued
    clock: Issued

    @cache  # noqa: B019 - one chain a run; a key takes long to read
    def sealer(self, *, long_term: bool = False) -> Sealer:
        certificates = self.leaf.pem + self.middle.pem
        return read_sealer(certificates, self.leaf.key_pem, clocks_pem=self.clock_root.pem, long_term=long_term)

    def timestamper(self) -> DummyTimeStamper:
        return timestamper(self.clock)


def timestamper(clock: Issued) -> DummyTimeStamper:
    plain = clock.key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return DummyTimeStamper(read_certificates(clock.pem)[0], keys.PrivateKeyInfo.load(plain))


@cache
def chain() -> Chain:
    root, clock_root = issue("Racine de test", ca=True), issue("Racine d’horodatage", ca=True)
    middle = issue("Autorité de test", root, ca=True)
    return Chain(root, middle, issue("Cachet de test", middle), clock_root, issue("Horloge", clock_root, clock=True))
