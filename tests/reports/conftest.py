"""A page and its seals, made once a run."""

import pytest

from reports import dossier as content
from reports import pdf, seal
from tests.certificates import chain
from tests.factories.withdrawals import WITHDRAWAL


@pytest.fixture(scope="session")
def document() -> bytes:
    """A page, so that thousands of changes can be tried; the seal knows nothing of what it seals."""
    return pdf.render(content.canonical(WITHDRAWAL))


@pytest.fixture(scope="session")
def sealed(document) -> dict[str, bytes]:
    clock = chain().timestamper()
    return {
        "B-B": seal.seal_document(document, chain().sealer()),
        "B-T": seal.seal_document(document, chain().sealer(), clock),
        "B-LTA": seal.seal_document(document, chain().sealer(long_term=True), clock),
    }
