"""`jalon verify`: checks a PDF of Jalon with nothing but the file. Loads neither Flask nor the database."""

import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from asn1crypto.x509 import Certificate

from reports import verification
from reports.certificates import Trust, UnusableSeal, read_certificates
from reports.verification import Status
from risk_models import catalogue

EXIT_CODES = {Status.GENUINE: 0, Status.ALTERED: 1, Status.UNVOUCHED: 3}
UNREADABLE = 2


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--seal",
    "seals",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificates that may seal, and those above (PEM); by default JALON_SEAL_CERTIFICATE, JALON_SEAL_FORMER.",
)
@click.option(
    "--clock",
    "clocks",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Roots of timestamp authorities (PEM); by default JALON_TIMESTAMP_ROOTS.",
)
@click.option("--english", is_flag=True, help="Answer in English.")
@click.option("--json", "as_json", is_flag=True, help="Answer for programs.")
@click.option(
    "--draw-again", is_flag=True, help="Draw the pages of a sealed file again from its content, with this very release."
)
def verify(
    file: Path, seals: tuple[Path, ...], clocks: tuple[Path, ...], *, english: bool, as_json: bool, draw_again: bool
) -> None:
    """Check FILE: its seal, its timestamp, that not one byte has changed, what was decided.

    Exit codes: 0 genuine, 1 altered, 2 not a document of Jalon, 3 nobody that you trust vouches for it.
    """
    language = "en" if english else "fr"
    trusted = [Trusted("--seal", path) for path in seals] or _configured("JALON_SEAL_CERTIFICATE", "JALON_SEAL_FORMER")
    clock_roots = [Trusted("--clock", path) for path in clocks] or _configured("JALON_TIMESTAMP_ROOTS")
    try:
        verdict = _judge(file.read_bytes(), trusted, clock_roots)
        if draw_again and verdict.status is not Status.ALTERED and not _is_unsealed(verdict):
            verdict = verification.draw_again(file.read_bytes(), verdict)
    except verification.UnreadableDocument as error:
        sys.stderr.write(f"{file}: {verification.Said(str(error)).in_language(language)}\n")
        raise SystemExit(UNREADABLE) from error
    if as_json:
        click.echo(json.dumps(_for_programs(verdict, trusted), ensure_ascii=False))
    else:
        _print(file, verdict, trusted, language)
    raise SystemExit(EXIT_CODES[verdict.status])


@dataclass(frozen=True, slots=True)
class Trusted:
    """A file of certificates that its reader trusts: `given_by` an option, or a variable of the environment."""

    given_by: str
    path: Path

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        try:
            return tuple(read_certificates(self.path.read_bytes()))
        except UnusableSeal as error:
            raise click.ClickException(f"{self.given_by}: {error}") from error


def _judge(data: bytes, seals: list[Trusted], clocks: list[Trusted]) -> verification.DocumentVerdict:
    """In a bounded process first: whatever a stranger's file is made of. What has no seal is then drawn again."""
    trust = Trust(*(tuple(c for one in given for c in one.certificates) for given in (seals, clocks)))
    today = datetime.now(UTC).date()
    held = [b"\n".join(one.path.read_bytes() for one in given) for given in (seals, clocks)]
    verdict = verification.verify_apart(data, *held, today=today)
    if _is_unsealed(verdict):
        return verification.verify_document(data, trust, today=today)
    return verdict


def _is_unsealed(verdict: verification.DocumentVerdict) -> bool:
    """A draft: it is drawn again in any case."""
    return any(doubt.code == "no_seal" for doubt in verdict.doubts)


def _configured(*names: str) -> list[Trusted]:
    """What the environment names by a whole path: the folder one stands in may hold what anybody put there."""
    found = [Trusted(name, Path(os.environ[name])) for name in names if os.environ.get(name)]
    return [one for one in found if one.path.is_absolute() and one.path.is_file()]


def _fingerprints(trusted: list[Trusted]) -> list[tuple[str, str]]:
    """(SHA-256 of a trusted certificate, where it was read), each file's first one: the seal, before those above it."""
    return [(one.certificates[0].sha256.hex(), f"{one.path} ({one.given_by})") for one in trusted if one.certificates]


def _for_programs(verdict: verification.DocumentVerdict, trusted: list[Trusted]) -> dict[str, object]:
    """What a file that nobody vouches for says is under `claims`, never under `facts`."""
    plain = verification.verdict_as_plain(verdict)
    if verdict.status is not Status.GENUINE:
        plain |= {"facts": [], "claims": plain["facts"]}
    return plain | {"trusted": [{"fingerprint": f, "from": origin} for f, origin in _fingerprints(trusted)]}


def _print(file: Path, verdict: verification.DocumentVerdict, trusted: list[Trusted], language: str) -> None:
    def say(code: str, **values: str) -> None:
        click.echo(verification.Said(code, tuple(values.items())).in_language(language))

    trial = verdict.status is Status.GENUINE and any(fact.code == "trial" for fact in verdict.facts)
    say("genuine_trial" if trial else verdict.status.value)
    for line in verification.say_facts(verdict.status, verdict.facts, language):
        click.echo(line)
    colon = catalogue.colon(language)
    click.echo(f"SHA-256{colon} {verdict.file}")
    click.echo(f"SHA-256 (dossier.json){colon} {verdict.content}")
    for fingerprint, origin in _fingerprints(trusted):
        say("trusted", fingerprint=fingerprint, origin=origin)
    if not trusted:
        say("nobody_trusted")
    for doubt in verdict.doubts:
        sys.stderr.write(f"{file}: {doubt.in_language(language)}\n")
