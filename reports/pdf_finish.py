"""What WeasyPrint leaves undone for PDF/A-3a and PDF/UA-1 together; called before the file is written."""

import re
import zlib
from typing import Any

import pydyf

from reports.streams import HEXADECIMAL, ends_a_line

_PDFUA = (
    b'<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"></rdf:Description>'
    b'<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"'
    b' xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">'
    b'<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">'
    b"<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>"
    b"<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>"
    b"<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>"
    b'<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">'
    b"<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>"
    b"<pdfaProperty:category>internal</pdfaProperty:category>"
    b"<pdfaProperty:description>Indicates which part of ISO 14289 is followed</pdfaProperty:description>"
    b"</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
)


def finish_pdf(document: Any, pdf: Any, *, spare: int = 0) -> None:
    """Claims PDF/UA-1, lists attachments once, gives header cells their scope, indexes structure identifiers.

    The streams of objects and of their places are written later: `spare` bytes in the information change their lengths.
    """
    if spare:
        pdf.info["Spare"] = pydyf.String("x" * spare)
    metadata = _object(pdf, pdf.catalog["Metadata"])
    metadata.compress = False
    metadata.stream = [b"".join(metadata.stream).replace(b"</rdf:RDF>", _PDFUA + b"</rdf:RDF>")]
    if "AF" in pdf.catalog:
        pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))
    for item in pdf.objects:
        if isinstance(item, dict) and item.get("S") == "/TH":
            row = _object(pdf, item["P"])
            group = _object(pdf, row["P"])
            item["A"]["Scope"] = "/Column" if group["S"] == "/THead" else "/Row"
    _index_identifiers(pdf)
    _mark_running_heads(pdf)
    _settle(pdf)


class _Written(pydyf.Object):  # type: ignore[misc]
    """An object whose bytes are settled: pydyf asks for them twice, to write them and for the identifier."""

    compressible, data = True, b""

    def __init__(self, of: Any) -> None:
        super().__init__()
        self.number, self.generation, self.free = of.number, of.generation, of.free
        self.compressible, self.data = of.compressible, of.data


def _settle(pdf: Any) -> None:
    """Gives each object its last bytes, in hexadecimal the rare stream whose last byte is a line end."""
    for number, item in enumerate(pdf.objects):
        if isinstance(item, pydyf.Stream) and item.compress:
            packed = zlib.compress(b"\n".join(_data(part) for part in item.stream), 9)
            item.compress = False
            item.extra["Filter"] = "/FlateDecode"
            if ends_a_line(packed):
                packed = packed.hex().upper().encode() + b">"
                item.extra["Filter"] = pydyf.Array([HEXADECIMAL, "/FlateDecode"])
            item.stream = [packed]
        if item.free != "f":
            pdf.objects[number] = _Written(item)


def _object(pdf: Any, reference: Any) -> Any:
    text = reference.decode() if isinstance(reference, bytes) else str(reference)
    return pdf.objects[int(text.split()[0])]


def _index_identifiers(pdf: Any) -> None:
    """The IDTree by which header cells named in `Headers` are found."""
    elements: list[Any] = [o for o in pdf.objects if isinstance(o, dict)]
    named = [(o["ID"].string, o.reference) for o in elements if "ID" in o and "S" in o]
    if not named:
        return
    named.sort(key=lambda pair: pair[0].encode() if isinstance(pair[0], str) else pair[0])
    names: list[Any] = []
    for identifier, reference in named:
        names += [pydyf.String(identifier), reference]
    leaf = pydyf.Dictionary(
        {"Names": pydyf.Array(names), "Limits": pydyf.Array([pydyf.String(named[0][0]), pydyf.String(named[-1][0])])}
    )
    pdf.add_object(leaf)
    tree = pydyf.Dictionary({"Kids": pydyf.Array([leaf.reference])})
    pdf.add_object(tree)
    _object(pdf, pdf.catalog["StructTreeRoot"])["IDTree"] = tree.reference


_BEGIN = re.compile(rb"/(\w+) <</MCID (\d+)>> BDC|/(\w+) <<\s*/MCID (\d+)\s*>> BDC")


def _mark_running_heads(pdf: Any) -> None:
    """Running heads and page numbers are not content: marks that no structure element holds become artifacts."""
    held = _held_marks(pdf)
    parents = _parent_arrays(pdf)
    pages: list[Any] = [o for o in pdf.objects if isinstance(o, dict) and o.get("Type") == "/Page"]
    for page in pages:
        stream = _object(pdf, page["Contents"])
        reference = page.reference.decode() if isinstance(page.reference, bytes) else page.reference
        array = parents.get(int(page.get("StructParents", -1)))

        def replaced(match: re.Match[bytes], of: str = reference, array: Any = array) -> bytes:
            number = int(match.group(2) or match.group(4))
            if (of, number) in held:
                return match.group(0)
            if array is not None and number < len(array):
                array[number] = "null"
            return b"/Artifact <</Type /Pagination>> BDC"

        stream.stream = [_BEGIN.sub(replaced, b"\n".join(map(_data, stream.stream)))]


def _data(part: Any) -> bytes:
    if isinstance(part, bytes):
        return part
    return bytes(part.data) if hasattr(part, "data") else str(part).encode()


def _held_marks(pdf: Any) -> set[tuple[str, int]]:
    """(page reference, mark) of every mark reachable from the root of the structure tree."""
    held: set[tuple[str, int]] = set()
    root = _object(pdf, pdf.catalog["StructTreeRoot"])
    pending, seen = [root], set()
    while pending:
        element = pending.pop()
        if id(element) in seen:
            continue
        seen.add(id(element))
        kids = element.get("K", [])
        for kid in kids if isinstance(kids, list) else [kids]:
            if isinstance(kid, dict) and kid.get("Type") == "/MCR":
                held.add((_text(kid["Pg"]), int(kid["MCID"])))
            elif isinstance(kid, int):
                held.add((_text(element["Pg"]), kid))
            elif isinstance(kid, dict):
                pending.append(kid)
            elif isinstance(_object(pdf, kid), dict):
                target = _object(pdf, kid)
                if target.get("Type") == "/MCR":
                    held.add((_text(target["Pg"]), int(target["MCID"])))
                else:
                    pending.append(target)
    return held


def _text(reference: Any) -> str:
    return reference.decode() if isinstance(reference, bytes) else str(reference)


def _parent_arrays(pdf: Any) -> dict[int, Any]:
    """The arrays of the ParentTree, by page number in it."""
    root = _object(pdf, pdf.catalog["StructTreeRoot"])
    tree = root.get("ParentTree")
    tree = tree if isinstance(tree, dict) else _object(pdf, tree)
    numbers = tree["Nums"]
    found = {}
    for key, value in zip(numbers[::2], numbers[1::2], strict=True):
        array = value if isinstance(value, list) else _object(pdf, value)
        if isinstance(array, list):
            found[int(key)] = array
    return found
