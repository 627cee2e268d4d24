"""Files that a stranger makes to keep a server busy."""

import io
import zlib

import pikepdf


def packed(levels: int, size: int = 200_000_000) -> bytes:
    """A PDF of some kilobytes whose content is `size` zeros, packed `levels` times."""
    packing = zlib.compressobj(9)
    data = b"".join(packing.compress(b"\0" * 10_000_000) for _ in range(size // 10_000_000)) + packing.flush()
    for _ in range(levels - 1):
        data = zlib.compress(data, 9)
    document, out = pikepdf.new(), io.BytesIO()
    document.add_blank_page()
    document.attachments["dossier.json"] = b"{}"
    filters = pikepdf.Array([pikepdf.Name.FlateDecode] * levels)
    document.attachments["dossier.json"].obj.EF.F.write(data, filter=filters)
    document.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()
