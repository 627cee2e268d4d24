"""The `jalon` command. Each group is a file, loaded only when asked for, so that pure commands stay light."""

import importlib
import os
import sys

import click

_COMMANDS = {
    "assess": "app.cli.assess:assess",
    "dossier": "app.cli.dossier:dossier",
    "verify": "app.cli.verify:verify",
    "convert": "app.cli.convert:convert",
    "draft": "app.cli.draft:draft",
    "schema": "app.cli.schema:schema",
    "systemic": "app.cli.systemic:systemic",
    "migrate": "app.cli.setup:migrate",
    "demo": "app.cli.setup:demo",
    "invite": "app.cli.people:invite",
    "forget-factors": "app.cli.people:forget_factors",
    "import": "app.cli.imports:imports",
    "export": "app.cli.exports:export",
    "feeds": "app.cli.feeds:feeds",
    "who-uses": "app.cli.who_uses:who_uses",
    "bounce": "app.cli.bounce:bounce",
    "journal": "app.cli.journal:journal",
    "backup": "app.cli.backups:backup",
    "restore": "app.cli.backups:restore",
    "worker": "app.cli.worker:worker",
    "doctor": "app.cli.doctor:doctor",
    "secrets": "app.cli.secrets:secrets",
}


WRONG_FILE, OUR_ERROR = 2, 3


class _Lazy(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except OSError as error:
            sys.stderr.write(f"jalon: {error}\n")
            raise SystemExit(WRONG_FILE) from error
        except Exception as error:
            if type(error).__name__ == "InvalidSettings":  # named, not imported: pure commands load no settings
                for line in str(error).splitlines():
                    sys.stderr.write(f"jalon: {line}\n")
                raise SystemExit(WRONG_FILE) from error
            if os.environ.get("JALON_TRACEBACK"):
                raise
            sys.stderr.write(f"jalon: {type(error).__name__}: {error} (JALON_TRACEBACK=1 shows where)\n")
            raise SystemExit(OUR_ERROR) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_HELP.items()))


_HELP = {
    "assess FILE": "rank the weak points of a product file",
    "dossier FILE": "make an unsigned dossier from a product file",
    "convert FILE": "turn a Threagile or Threat Dragon model into a product file",
    "draft SOURCE": "draft a product file from a repository",
    "schema": "print the JSON Schema of the product file",
    "systemic FILE...": "rank the third parties that products share",
    "verify FILE": "check a dossier's PDF without the database",
    "migrate": "bring the database up to date",
    "demo": "load the demonstration data",
    "invite": "give somebody a role",
    "forget-factors": "remove the second factors of somebody who lost them",
    "import cards PATH": "import startup and incubator cards: a folder, an archive, the public JSON",
    "import sbom FILE": "import the packages of a component",
    "import dashlord FILE": "propose what dashlord saw, as sightings to confirm",
    "export KIND PRODUCT": "write a product's card, file, CSV, CycloneDX or VEX",
    "feeds load FILE...": "load public knowledge of flaws",
    "feeds state": "say how old and how full each feed is",
    "who-uses PURL": "say which products carry a package",
    "bounce": "note a mail that came back (standard input)",
    "backup FOLDER": "write the database and the documents to a folder",
    "restore FOLDER": "put a backup back in an empty place, or check it",
    "worker": "do the jobs",
    "doctor": "say what is wrong with the settings, and what they relax",
    "secrets rotate": "encrypt entrusted secrets under the newest key",
}


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Jalon: from the six-month risk analysis to the security homologation."""
