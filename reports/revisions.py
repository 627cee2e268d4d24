"""What the last revision of a sealed file changed: for B-LTA, proofs and their timestamp, and nothing else.

Any timestamp authority stamps whatever it is given, so a timestamp over a forged update says nothing against it.
"""

from collections.abc import Collection
from typing import Any

from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

# What a trailer, or the stream that stands for it, says of the place of its own revision.
_OF_A_REVISION = {"/Size", "/Prev", "/ID", "/XRefStm", "/Type", "/W", "/Index", "/Filter", "/DecodeParms", "/Length"}
_FIELD_KEYS = {"/Type", "/Subtype", "/FT", "/T", "/TU", "/V", "/F", "/Rect", "/P", "/Ff"}


def adds_only_proofs(reader: PdfFileReader, field: str) -> bool:
    """Whether the last revision only adds the store of proofs, one invisible field `field` and its place on a page."""
    last = reader.xrefs.total_revisions - 1
    before, now = reader.get_historical_resolver(last - 1), reader.get_historical_resolver(last)
    trailers = [reader.trailer.flatten(revision) for revision in (last - 1, last)]
    catalog, places = reader.root_ref, reader.xrefs.get_xref_container_info(last).stream_ref
    if not _same(*trailers, but=_OF_A_REVISION) or trailers[0]["/ID"][0] != trailers[1]["/ID"][0]:
        return False
    forms = [resolver.get_object(catalog)["/AcroForm"] for resolver in (before, now)]
    added = _added(*(form["/Fields"] for form in forms))
    good = _same(*forms, but=("/Fields", "/SigFlags")) and _holds_proofs(_raw(now.get_object(catalog), "/DSS"))
    if added is None or not good or not _is_invisible(added.get_object(), field):
        return False
    form = getattr(before.get_object(catalog).raw_get("/AcroForm"), "reference", None)
    new_and_known = _reached(_raw(now.get_object(catalog), "/DSS")) | _reached(added)
    for reference in reader.xrefs.explicit_refs_in_revision(last):
        if reference == form:
            continue
        if reader.xrefs.get_introducing_revision(reference) == last:
            # Ours has no stream of objects, and one stream for their places, its own.
            if reference in new_and_known or reference == places:
                continue
            return False
        old, new = before.get_object(reference), now.get_object(reference)
        if any(isinstance(value, generic.StreamObject) for value in (old, new)):
            return False
        if reference == catalog:
            good = _same(old, new, but=("/DSS", "/AcroForm", "/Extensions"))
        else:
            good = (
                old.get("/Type") == "/Page"
                and _same(old, new, but=("/Annots",))
                and _added(old.get("/Annots", []), new["/Annots"]) == added
            )
        if not good:
            return False
    return True


def adds_only_signatures(reader: PdfFileReader, known: int) -> bool:
    """Whether what came after the first `known` revisions only adds signatures: fields and their places on pages.

    A signature may show itself, on a quarter of a page at most: it cannot cover what it signs. The program that signs
    may put its name and the day in the metadata, which no page shows.
    """
    last = reader.xrefs.total_revisions - 1
    before, now = reader.get_historical_resolver(known - 1), reader.get_historical_resolver(last)
    catalog = reader.root_ref
    information = getattr(_raw(reader.trailer.flatten(known - 1), "/Info"), "reference", None)
    metadata = getattr(_raw(before.get_object(catalog), "/Metadata"), "reference", None)
    for revision in range(known, last + 1):
        for reference in reader.xrefs.explicit_refs_in_revision(revision):
            if reader.xrefs.get_introducing_revision(reference) >= known:
                continue
            old, new = before.get_object(reference), now.get_object(reference)
            if reference == metadata and isinstance(new, generic.StreamObject):
                continue
            if any(isinstance(value, generic.StreamObject) for value in (old, new)):
                return False
            if reference == catalog:
                good = _same(old, new, but=("/AcroForm", "/Extensions", "/Perms", "/DSS", "/Version"))
            elif reference == information:
                good = _same(old, new, but=("/ModDate", "/Producer"))
            elif isinstance(old, generic.DictionaryObject) and old.get("/Type") == "/Page":
                good = _same(old, new, but=("/Annots",)) and _only_signs(old, new)
            else:
                good = _is_annotations(before, reference)
            if not good:
                return False
    roots = [reader.trailer.flatten(revision).raw_get("/Root") for revision in (known - 1, last)]
    return bool(roots[0] == roots[1])


_MOST_OF_A_PAGE = 0.25


def _only_signs(old: Any, new: Any) -> bool:
    """Whether the annotations that a page wins are signatures, small enough to leave it readable."""
    box = [float(n) for n in new["/MediaBox"]] if "/MediaBox" in new else [0.0, 0.0, 595.0, 842.0]
    area = abs((box[2] - box[0]) * (box[3] - box[1]))
    grown = [list(items.get("/Annots", [])) for items in (old, new)]
    if grown[1][: len(grown[0])] != grown[0]:
        return False
    covered = 0.0
    for item in grown[1][len(grown[0]) :]:
        annotation = item.get_object()
        if annotation.get("/Subtype") != "/Widget" or annotation.get("/FT") != "/Sig":
            return False
        left, low, right, high = (float(n) for n in annotation["/Rect"])
        covered += abs((right - left) * (high - low))
    return covered <= area * _MOST_OF_A_PAGE


def _is_annotations(before: Any, reference: Any) -> bool:
    """Whether this object of the document is a list of annotations or its form: what signing rewrites."""
    value = before.get_object(reference)
    return isinstance(value, generic.ArrayObject) or (
        isinstance(value, generic.DictionaryObject) and "/Fields" in value
    )


def _same(old: Any, new: Any, *, but: Collection[str]) -> bool:
    kept = [{key: value.raw_get(key) for key in value if key not in but} for value in (old, new)]
    return kept[0] == kept[1]


def _added(old: Any, new: Any) -> Any:
    """The one item that `new` has after those of `old`; None where it is not so."""
    grown = [[items.raw_get(n) for n in range(len(items))] if items else [] for items in (old, new)]
    return grown[1][-1] if grown[1][:-1] == grown[0] else None


def _raw(dictionary: Any, key: str) -> Any:
    return dictionary.raw_get(key) if key in dictionary else None


def _reached(value: Any) -> set[Any]:
    """The references met from `value` on, but for those of the page that a field stands on."""
    reached: set[Any] = set()
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, generic.IndirectObject):
            if item.reference in reached:
                continue
            reached.add(item.reference)
            item = item.get_object()  # type: ignore[no-untyped-call]
        if isinstance(item, generic.DictionaryObject):
            pending += [item.raw_get(key) for key in item if key != "/P"]
        elif isinstance(item, generic.ArrayObject):
            pending += [item.raw_get(n) for n in range(len(item))]
    return reached


_PROOFS = {"/Certs": Certificate, "/OCSPs": OCSPResponse, "/CRLs": CertificateList}
_OF_A_SEAL = {"/Type", "/TU", "/Cert", "/OCSP", "/CRL"}


def _holds_proofs(store: Any) -> bool:
    """Whether a store of proofs (ISO 32000-2, 12.8.4.3) holds certificates and what says that they were good, and no more."""
    if store is None:
        return True
    store = store.get_object()
    if not set(store) <= {"/Type", "/VRI", *_PROOFS}:
        return False
    streams = set()
    for name, kind in _PROOFS.items():
        for item in _items(store, name):
            stream = item.get_object()
            if not isinstance(stream, generic.StreamObject) or not set(stream) <= {"/Length", "/Filter"}:
                return False
            if not _is_exactly(kind, stream.data):
                return False
            streams.add(item.reference)
    for entry in store["/VRI"].values() if "/VRI" in store else ():
        seal = entry.get_object()
        named = [item.reference for key in ("/Cert", "/OCSP", "/CRL") for item in _items(seal, key)]
        if not set(seal) <= _OF_A_SEAL or not set(named) <= streams:
            return False
    return True


def _items(dictionary: Any, key: str) -> list[Any]:
    """The references of an array, unread."""
    if key not in dictionary:
        return []
    array = dictionary[key]
    return [array.raw_get(n) for n in range(len(array))]


def _is_exactly(kind: Any, data: bytes) -> bool:
    """Whether `data` is one value of this kind to its last byte."""
    try:
        kind.load(data, strict=True).native  # noqa: B018 - reads it to the end
    except (ValueError, TypeError):
        return False
    return True


def _is_invisible(widget: Any, field: str) -> bool:
    left, bottom, right, top = (float(n) for n in widget["/Rect"])
    return (
        set(widget) <= _FIELD_KEYS and widget["/T"] == field and "/AP" not in widget and left == right and bottom == top
    )
