"""Contracts of import-linter that hold by pattern, for all modules there are and those to come (`make lint`)."""

import re
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class FeaturesWithoutCycle(Contract):
    """No feature imports, through others or not, one that imports it; modules that match `aside` are left out."""

    package = fields.StringField()
    aside = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - the library's
        for module in sorted(graph.modules):
            if re.fullmatch(str(self.aside), module):
                graph.remove_module(module)
        found = sorted(graph.nominate_cycle_breakers(str(self.package)))
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["found"]:
            output.print_error(f"{importer} imports {imported}: part of a cycle of features")


class NeverImports(Contract):
    """No module that matches `importers` imports itself one that matches `imported`."""

    importers = fields.StringField()
    imported = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - the library's
        found: list[tuple[str, str]] = [
            (importer, imported)
            for importer in sorted(graph.modules)
            if re.fullmatch(str(self.importers), importer)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if re.fullmatch(str(self.imported), imported)
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: Any) -> None:
        for importer, imported in check.metadata["found"]:
            output.print_error(f"{importer} imports {imported}")
