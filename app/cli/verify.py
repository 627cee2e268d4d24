"""`jalon verify`: checks a PDF of Jalon with nothing but the file. Loads neither Flask nor the database."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from asn1crypto.x509 import Certificate

from reports import seal, verification
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
    help="Certificates that may seal, and those above (PEM); by default those of this machine.",
)
@click.option(
    "--clock",
    "clocks",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Roots of timestamp authorities (PEM); by default those of this machine.",
)
@click.option("--english", is_flag=True, help="Answer in English.")
@click.option("--json", "as_json", is_flag=True, help="Answer for programs.")
def verify(file: Path, seals: tuple[Path, ...], clocks: tuple[Path, ...], *, english: bool, as_json: bool) -> None:
    """Check FILE: its seal, its timestamp, that not one byte has changed, what was decided.

    Exit codes: 0 genuine, 1 altered, 2 not a document of Jalon, 3 nobody that you trust vouches for it.
    """
    language = "en" if english else "fr"
    try:
        verdict = _judge(file.read_bytes(), seals or _our_seals(), clocks or _our_clocks())
    except verification.Unreadable as error:
        sys.stderr.write(f"{file}: {verification.Said(str(error)).in_language(language)}\n")
        raise SystemExit(UNREADABLE) from error
    if as_json:
        click.echo(json.dumps(verification.as_plain(verdict), ensure_ascii=False))
    else:
        _print(file, verdict, language)
    raise SystemExit(EXIT_CODES[verdict.status])


def _judge(data: bytes, seals: tuple[Path, ...], clocks: tuple[Path, ...]) -> verification.Verdict:
    """In a bounded process first: whatever a stranger's file is made of. What has no seal is then drawn again."""
    trust = seal.Trust(_certificates("--seal", seals), _certificates("--clock", clocks))
    today = datetime.now(UTC).date()
    held = [b"\n".join(path.read_bytes() for path in paths) for paths in (seals, clocks)]
    verdict = verification.verify_apart(data, *held, today=today)
    if any(doubt.code == "no_seal" for doubt in verdict.doubts):
        return verification.verify(data, trust, today=today)
    return verdict


def _our_seals() -> tuple[Path, ...]:
    trial = Path(os.environ.get("JALON_INSTANCE", "instance")) / "seal" / "certificate.pem"
    return _existing(os.environ.get("JALON_SEAL_CERTIFICATE") or trial, os.environ.get("JALON_SEAL_FORMER"))


def _our_clocks() -> tuple[Path, ...]:
    return _existing(os.environ.get("JALON_TIMESTAMP_ROOTS"))


def _existing(*paths: Path | str | None) -> tuple[Path, ...]:
    return tuple(Path(path) for path in paths if path and Path(path).exists())


def _certificates(option: str, paths: tuple[Path, ...]) -> tuple[Certificate, ...]:
    try:
        return tuple(certificate for path in paths for certificate in seal.certificates(path.read_bytes()))
    except seal.UnusableSeal as error:
        raise click.ClickException(f"{option}: {error}") from error


def _print(file: Path, verdict: verification.Verdict, language: str) -> None:
    trial = verdict.status is Status.GENUINE and any(fact.code == "trial" for fact in verdict.facts)
    click.echo(verification.Said("genuine_trial" if trial else verdict.status.value).in_language(language))
    for fact in verdict.facts:
        click.echo(fact.in_language(language))
    colon = catalogue.colon(language)
    click.echo(f"SHA-256{colon} {verdict.file}")
    click.echo(f"SHA-256 (dossier.json){colon} {verdict.content}")
    for doubt in verdict.doubts:
        sys.stderr.write(f"{file}: {doubt.in_language(language)}\n")
