"""What the accounts, keys and state of a component give as reasons, each with the measure that it says by itself."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from risk_models.assessment import Reason
from risk_models.ranking.facts import existing_accounts, factors_asked, told_by_facts
from risk_models.scales import AccountHolder, AccountReach, AskedFactor, ComponentState
from risk_models.system import Component, System

# Fewer accounts that see everything are those of an ordinary team.
_MANY = 20
# Reasons that say by themselves which measure lacks.
TOLD_BY_REASON = {
    "state_test": "dormant_removal",
    "state_dormant": "dormant_removal",
    "state_orphan": "dormant_removal",
    "seen_by_suppliers": "account_reach",
    "seen_by_users": "account_reach",
    "seen_by_machines": "account_reach",
    "phishable_second_factor": "resistant_mfa",
    "lasting_token": "token_rotation",
    "keeps_keys": "secrets_manager",
    "tested_long_ago": "pentest",
}
_SEEN_BY = {
    AccountHolder.SUPPLIERS: "seen_by_suppliers",
    AccountHolder.USERS: "seen_by_users",
    AccountHolder.MACHINES: "seen_by_machines",
}


class FactReasons:
    """Of each component of one system."""

    def __init__(self, system: System) -> None:
        self.told = told_by_facts(system)
        self._names = {c.id: c.name for c in system.components}
        self._opened_by: dict[str, list[str]] = defaultdict(list)
        self._resets: dict[str, list[str]] = defaultdict(list)
        for c in sorted(system.components, key=lambda c: c.id):  # the order of the file says nothing
            for other in c.opened:
                self._opened_by[other].append(c.id)
            for giver in c.reset_by:
                self._resets[giver].append(c.id)

    def of(self, c: Component) -> Iterator[Reason]:
        """Worst first: what nobody looks at, who signs in how, keys, lost passwords."""
        if c.state not in {None, ComponentState.IN_USE}:
            yield Reason(f"state_{c.state}")
        for who, code in _SEEN_BY.items():
            if any(a.who is who and a.reach is AccountReach.ALL for a in existing_accounts(c)):
                yield Reason(code)
        count = sum(a.count or 0 for a in existing_accounts(c) if a.reach is AccountReach.ALL)
        if count >= _MANY:
            yield Reason("many_accounts", (("count", str(count)),))
        asked = factors_asked(c)
        if AskedFactor.PHISHABLE in asked and AskedFactor.NONE not in asked:
            yield Reason("phishable_second_factor")
        if any(t.lasting for t in c.tokens or ()):
            yield Reason("lasting_token")
        if c.last_tested and self.told.get(("pentest", c.id)) == 0:
            yield Reason("tested_long_ago", (("date", c.last_tested.isoformat()),))
        yield from self._named("keeps_keys", c.opened)
        yield from self._named("opened_by_keys", self._opened_by.get(c.id, ()))
        yield from self._named("reset_by", c.reset_by)
        yield from self._named("resets_others", self._resets.get(c.id, ()))

    def _named(self, code: str, ids: Sequence[str]) -> Iterator[Reason]:
        if ids:
            yield Reason(code, (("components", ", ".join(self._names[i] for i in ids)),))


def measures_told(reasons: Sequence[Reason], also: Mapping[str, str]) -> set[str]:
    """The measures of which a reason already says that they lack."""
    by_code = TOLD_BY_REASON | {**also}
    return {by_code[r.code] for r in reasons if r.code in by_code}
