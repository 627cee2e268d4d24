"""Contracts of import-linter that hold by pattern, for all modules there are and those to come (`make lint`)."""

import re
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class FeaturesInOrder(Contract):
    """Each folder of `package` is named once in `order`, and imports only those before it.

    A module that matches `aside` may import any; nobody else may import it but one that matches `aside` too.
    """

    package = fields.StringField()
    order = fields.ListField(subfield=fields.StringField())
    aside = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - the library's
        order = list(self.order)
        features = {m.split(".")[1] for m in graph.find_descendants(str(self.package)) if self._is_inside(graph, m)}
        found = [f"{name} is not in the order" for name in sorted(features - set(order))]
        found += [f"{name} is in the order and nowhere else" for name in sorted(set(order) - features)]
        for importer in sorted(graph.modules):
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                ends = [m.split(".")[1] for m in (importer, imported) if m.startswith(f"{self.package}.")]
                if len(ends) < 2 or re.fullmatch(str(self.aside), importer) or ends[0] not in order:
                    continue
                if re.fullmatch(str(self.aside), imported) or (
                    ends[1] in order and order.index(ends[0]) < order.index(ends[1])
                ):
                    found.append(f"{importer} imports {imported}")
        return ContractCheck(kept=not found, metadata={"found": found})

    def _is_inside(self, graph: ImportGraph, module: str) -> bool:
        """Whether a module is of a feature: in one of its folders, and none of those aside."""
        folder = ".".join(module.split(".")[:2])
        return bool(graph.find_children(folder)) and not re.fullmatch(str(self.aside), module)

    def render_broken_contract(self, check: Any) -> None:
        for line in check.metadata["found"]:
            output.print_error(line)


class NeverImports(Contract):
    """No import, written "importer imported", matches `pattern`."""

    pattern = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - the library's
        found = [
            (importer, imported)
            for importer in sorted(graph.modules)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if re.fullmatch(str(self.pattern), f"{importer} {imported}")
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: Any) -> None:
        for importer, imported in check.metadata["found"]:
            output.print_error(f"{importer} imports {imported}")
