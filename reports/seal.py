"""The organisation's electronic seal on a dossier's PDF: PAdES, made with pyHanko. Traps and figures: docs/pdf.md."""

import hashlib
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import BasePdfFileWriter
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
from reports.certificates import Sealer, UnusableSeal, check_dates
from reports.streams import HEXADECIMAL, SPARE, ends_a_line, has_miscounted_stream

FIELD = "Cachet"
TIMESTAMP_FIELD = "Horodatage"
# Levels of PAdES, ETSI EN 319 142-1. The seal says its own, so that a timestamp cannot be taken away unseen.
LEVELS = ("B-B", "B-T", "B-LTA")
_RESERVED = 32_768


class TimestampFailed(RuntimeError):
    """The timestamp authority did not answer, or not as it should."""


def make_timestamper(sealer: Sealer) -> TimeStamper | None:
    """The timestamp authority that `sealer` names."""
    return HTTPTimeStamper(sealer.timestamp_url, timeout=10) if sealer.timestamp_url else None


def seal_reason(pdf: bytes, level: str) -> str:
    """What the seal says of the document that it was added to, and of itself."""
    return f"SHA-256 du document avant le cachet : {hashlib.sha256(pdf).hexdigest()} ; niveau {level}"


class _Signer(signers.SimpleSigner):
    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002 - pyHanko's signature
        """With the lesser of the two numbers that would do for an ECDSA signature: no other may pass."""
        raw: bytes = await super().async_sign_raw(data, digest_algorithm, dry_run)
        return containers.with_lesser_s(raw, self.signing_cert)


def seal_document(pdf: bytes, sealer: Sealer, clock: TimeStamper | None = None) -> bytes:
    """`pdf` with the seal added after its last byte; with `clock`, timestamped.

    The bytes of `pdf` stay an exact prefix and their SHA-256 is the reason of the seal. Raises `UnusableSeal` for a
    certificate that is not valid now or a process without its key, `TimestampFailed` when the authority fails.
    """
    if sealer.key is None:
        raise UnusableSeal("this process does not hold the seal's key: the worker seals")
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
        reason=seal_reason(pdf, level),
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
        if not has_miscounted_stream(whole[len(pdf) :]):
            return whole
    raise UnusableSeal("a stream ends with a line end, whatever room the seal leaves")


def seal_text(said: bytes, sealer: Sealer) -> bytes:
    """`said` inside a CMS signature (RFC 5652, DER) by the seal: read with `openssl cms -verify -inform DER`.

    Raises `UnusableSeal` for a certificate that is not valid now or a process without its key.
    """
    if sealer.key is None:
        raise UnusableSeal("this process does not hold the seal's key: the worker seals")
    check_dates(sealer.certificate, datetime.now(UTC))
    key = serialization.load_der_private_key(sealer.key.dump(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise UnusableSeal("the key of the seal is neither RSA nor of an elliptic curve")
    certificates = [x509.load_der_x509_certificate(one.dump()) for one in (sealer.certificate, *sealer.chain)]
    builder = pkcs7.PKCS7SignatureBuilder().set_data(said).add_signer(certificates[0], key, hashes.SHA256())
    for above in certificates[1:]:
        builder = builder.add_certificate(above)
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def _long_term(sealer: Sealer) -> dict[str, Any]:
    return {
        "embed_validation_info": True,
        "use_pades_lta": True,
        "timestamp_field_name": TIMESTAMP_FIELD,
        "validation_context": validation_context((*sealer.trust.sealers, *sealer.trust.clocks), sealer.chain),
        # Everything under the last timestamp: what pyHanko adds after it by default, nothing would cover.
        "dss_settings": DSSContentSettings(
            include_vri=False,
            next_ts_settings=TimestampDSSContentSettings(include_vri=False, update_before_ts=True),
        ),
    }


def validation_context(
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


def _add_object(writer: BasePdfFileWriter, obj: Any, *args: Any, **kwargs: Any) -> generic.IndirectObject:
    if isinstance(obj, generic.StreamObject) and ends_a_line(obj.encoded_data):
        obj.apply_filter(generic.pdf_name(HEXADECIMAL))
    return BasePdfFileWriter.add_object(writer, obj, *args, **kwargs)


# pyHanko would rewrite the metadata of what it seals: the document's own, checked before, would no longer be its own.
IncrementalPdfFileWriter._update_meta = lambda _self: None  # type: ignore[method-assign]
# It keeps certificates as they are, and makes other writers for its timestamps: whatever a seal adds passes here.
IncrementalPdfFileWriter.add_object = _add_object  # type: ignore[method-assign, assignment]
