"""Is this PDF the dossier it says it is? Answered from the file alone, without a database nor a network.

There is no electronic seal yet: a file made anew from altered content would pass. What is checked is that
content, identifier and pages agree.
"""

import io
from dataclasses import dataclass

import pikepdf

from reports import dossier as content
from reports import pdf


class Unreadable(ValueError):
    """Not a dossier's PDF, or too damaged to be read."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`faults` empty means that content, identifier and pages agree."""

    facts: tuple[str, ...]
    faults: tuple[str, ...]


def verify(data: bytes) -> Verdict:
    """Compares a dossier's PDF with the content it carries. Raises `Unreadable`."""
    try:
        text, identifier = _read(data)
        frozen = content.loads(text)
        canonical = content.dumps(frozen)
        facts = [
            f"produit : {frozen['product']}, dossier {frozen['number']}, figé le {frozen['frozen_on']}",
            f"empreinte du contenu : {content.sha256(text)}",
            "aucun cachet électronique : le fichier dit ce qu’il contient, non qui l’a émis",
        ]
    except (pikepdf.PdfError, KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"ce fichier n’est pas un dossier lisible ({type(error).__name__})") from error
    faults = []
    if canonical != text:
        faults.append("le contenu joint n’est pas dans sa forme canonique")
    if identifier != content.sha256(text).encode():
        faults.append("le contenu joint ne correspond pas à l’identifiant du document")
    if not faults and pdf.render(text) != data:
        faults.append("les pages ne sont pas celles que donne le contenu joint (ou les versions de rendu diffèrent)")
    if decision := frozen.get("decision"):
        facts.append(
            f"décision : {decision['outcome']}, le {decision['decided_on']}, jusqu’au {decision['expires_on']}"
        )
    return Verdict(tuple(facts), tuple(faults))


def _read(data: bytes) -> tuple[str, bytes]:
    with pikepdf.open(io.BytesIO(data)) as document:
        attached = bytes(document.attachments["dossier.json"].get_file().read_bytes())
        return attached.decode(), bytes(document.trailer.ID[0])
