"""The organisation's electronic seal on a dossier's PDF: PAdES, made with pyHanko. Traps and figures: docs/pdf.md."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import keys, pem
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_signer import (
    DSSContentSettings,
    PdfSignatureMetadata,
    PdfSigner,
    TimestampDSSContentSettings,
)
from pyhanko.sign.timestamps import HTTPTimeStamper, TimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from reports import containers
from reports.streams import SPARE, miscounted

FIELD = "Cachet"
TIMESTAMP_FIELD = "Horodatage"
# Levels of PAdES, ETSI EN 319 142-1. The seal says its own, so that a timestamp cannot be taken away unseen.
LEVELS = ("B-B", "B-T", "B-LTA")
# Said in the name of every certificate made for trials; whoever reads a verdict sees it.
TRIAL = "ESSAI, sans valeur"
_RESERVED = 32_768
_TRIAL_LIFE = timedelta(days=3650)


class UnusableSeal(ValueError):
    """The certificate or its key cannot seal; the message says why and how to mend it."""


class TimestampFailed(RuntimeError):
    """The timestamp authority did not answer, or not as it should."""


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

    Level B-B; with a timestamp authority B-T, or B-LTA when `long_term`.
    """

    certificate: Certificate
    key: keys.PrivateKeyInfo
    chain: tuple[Certificate, ...]
    trust: Trust
    timestamp_url: str = ""
    long_term: bool = False

    @property
    def is_trial(self) -> bool:
        return TRIAL in str(self.certificate.subject.native.get("common_name", ""))


def certificates(text: bytes) -> tuple[Certificate, ...]:
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
    key_pem: bytes,
    *,
    former_pem: bytes = b"",
    clocks_pem: bytes = b"",
    timestamp_url: str = "",
    long_term: bool = False,
) -> Sealer:
    """From PEM texts: the seal's certificate first, then those above it; `former_pem` holds the certificates that sealed
    before it, `clocks_pem` the roots of the timestamp authorities. Raises `UnusableSeal`."""
    chain = certificates(chain_pem)
    if not chain:
        raise UnusableSeal("no certificate in the file of the seal")
    try:
        key = serialization.load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError) as error:
        raise UnusableSeal("the key of the seal is not an unencrypted PEM private key") from error
    encoding = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*encoding) != chain[0].public_key.dump():
        raise UnusableSeal("the key of the seal is not that of its certificate")
    usage = chain[0].key_usage_value
    if chain[0].ca:
        raise UnusableSeal("the certificate of the seal is an authority's: ask it for a certificate of seal")
    if usage is not None and not {"digital_signature", "non_repudiation"} & usage.native:
        raise UnusableSeal("the certificate of the seal is not for signing (its key usage says so)")
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Sealer(
        chain[0],
        keys.PrivateKeyInfo.load(plain),
        chain[1:],
        Trust(chain + (certificates(former_pem) if former_pem else ()), certificates(clocks_pem) if clocks_pem else ()),
        timestamp_url,
        long_term,
    )


def make_trial(now: datetime) -> tuple[bytes, bytes]:
    """A certificate made here for trials, marked as such, and its key: two PEM texts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Jalon – {TRIAL}")])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_cert_sign=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
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


def timestamper(sealer: Sealer) -> TimeStamper | None:
    """The timestamp authority that `sealer` names."""
    return HTTPTimeStamper(sealer.timestamp_url, timeout=10) if sealer.timestamp_url else None


def reason(pdf: bytes, level: str) -> str:
    """What the seal says of the document that it was added to, and of itself."""
    return f"SHA-256 du document avant le cachet : {hashlib.sha256(pdf).hexdigest()} ; niveau {level}"


class _Signer(signers.SimpleSigner):
    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002 - pyHanko's signature
        """With the lesser of the two numbers that would do for an ECDSA signature: no other may pass."""
        raw: bytes = await super().async_sign_raw(data, digest_algorithm, dry_run)
        return containers.least(raw, self.signing_cert)


def seal(pdf: bytes, sealer: Sealer, clock: TimeStamper | None = None) -> bytes:
    """`pdf` with the seal added after its last byte; with `clock`, timestamped.

    The bytes of `pdf` stay an exact prefix and their SHA-256 is the reason of the seal. Raises `UnusableSeal` for a
    certificate that is not valid now, `TimestampFailed` when the authority fails.
    """
    check_dates(sealer.certificate, datetime.now(UTC))
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(sealer.chain)
    signer = _Signer(signing_cert=sealer.certificate, signing_key=sealer.key, cert_registry=store)
    level = "B-B" if clock is None else "B-LTA" if sealer.long_term else "B-T"
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        reason=reason(pdf, level),
        name=str(sealer.certificate.subject.native.get("common_name", "")),
        **(_long_term(sealer) if level == "B-LTA" else {}),
    )
    field = fields.SigFieldSpec(
        FIELD,
        box=None,
        readable_field_name="Cachet électronique de l’organisme",
        invis_sig_settings=fields.InvisSigSettings(box_out_of_bounds=True),
    )
    for spare in SPARE:
        try:
            sealed = PdfSigner(metadata, signer, timestamper=clock, new_field_spec=field).sign_pdf(
                IncrementalPdfFileWriter(io.BytesIO(pdf)), bytes_reserved=_RESERVED + 2 * spare
            )
        except Exception as error:
            if clock is None:
                raise
            raise TimestampFailed(f"{type(error).__name__}: {error}") from error
        whole: bytes = sealed.getvalue()
        if not miscounted(whole[len(pdf) :]):
            return whole
    raise UnusableSeal("a stream ends with a line end, whatever room the seal leaves")


def _long_term(sealer: Sealer) -> dict[str, Any]:
    return {
        "embed_validation_info": True,
        "use_pades_lta": True,
        "timestamp_field_name": TIMESTAMP_FIELD,
        "validation_context": context((*sealer.trust.sealers, *sealer.trust.clocks), sealer.chain),
        # Everything under the last timestamp: what pyHanko adds after it by default, nothing would cover.
        "dss_settings": DSSContentSettings(
            include_vri=False,
            next_ts_settings=TimestampDSSContentSettings(include_vri=False, update_before_ts=True),
        ),
    }


def context(
    roots: Sequence[Certificate],
    others: Sequence[Certificate] = (),
    moment: datetime | None = None,
) -> ValidationContext:
    """What is trusted, at `moment` or now; nothing is ever fetched."""
    return ValidationContext(
        trust_roots=list(roots),
        other_certs=list(others),
        allow_fetching=False,
        revocation_mode="soft-fail",
        moment=moment,
    )


def fingerprint(certificate: Certificate) -> str:
    """SHA-256 of a certificate, by which an organisation publishes it."""
    return hashlib.sha256(certificate.dump()).hexdigest()


# pyHanko would rewrite the metadata of what it seals: the document's own, checked before, would no longer be its own.
IncrementalPdfFileWriter._update_meta = lambda _self: None  # type: ignore[method-assign]
