"""What GitHub could not answer this time is not what it answers when there is nothing."""

import pytest

from risk_models.scales import Check, ObservationState
from tests.factories.github_answers import GitHub


@pytest.mark.parametrize(("status", "problem"), [(500, "server_fault"), (429, "too_many_requests")])
def test_rules_that_could_not_be_read_are_not_no_rules(status, problem):
    fault = {"rules": (status, {}), "protection": (404, {"message": "Branch not protected"})}
    found, said = GitHub(**fault).readings()
    assert (Check.BRANCH_PROTECTION in found, said) == (False, problem)
    closed = {
        "rules": (403, {"message": "Resource not accessible"}),
        "protection": (404, {"message": "Branch not protected"}),
    }
    found, said = GitHub(**closed).readings()
    assert (found[Check.BRANCH_PROTECTION].state, said) == (ObservationState.UNREADABLE, "")
