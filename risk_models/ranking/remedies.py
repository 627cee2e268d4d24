"""Findings that one remedy answers, told as one line."""

from collections.abc import Iterable
from dataclasses import dataclass

from risk_models import catalogue
from risk_models.assessment import CONTRADICTED, UNSAID, Finding
from risk_models.catalogue import FindingRule


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a rule found, each of which the same thing mends, and of each of which the same is known."""

    findings: tuple[Finding, ...]

    @property
    def rule(self) -> FindingRule:
        return catalogue.rule_of(self.findings[0])

    @property
    def count(self) -> int:
        return len(self.findings)

    @property
    def unsaid(self) -> bool:
        return self.findings[0].detail == UNSAID

    @property
    def rests_on_facts(self) -> bool:
        """Whether what is said of accounts, keys or state finds it: only saying otherwise there answers it."""
        return self.rule.measure is not None and self.rule.unsaid is None

    @property
    def components(self) -> tuple[str, ...]:
        """The components that it speaks of, each once, in the order of the findings."""
        return tuple(dict.fromkeys(f.component for f in self.findings if f.component))

    @property
    def answered_on(self) -> tuple[str, ...]:
        """The components on which its measure answers: of who administers another, that other."""
        of = (
            f.other if self.rule.id == "administered_from_a_daily_workstation" else f.component for f in self.findings
        )
        return tuple(dict.fromkeys(c for c in of if c))


def group_by_remedy(findings: Iterable[Finding]) -> list[Remedy]:
    """In the order in which each remedy is first found."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for f in findings:
        found.setdefault((f.rule, f.detail if f.detail in {UNSAID, CONTRADICTED} else ""), []).append(f)
    return [Remedy(tuple(alike)) for alike in found.values()]
