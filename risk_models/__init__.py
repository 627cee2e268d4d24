"""The knowledge of Jalon: what a product is made of, what threatens it, what it must do and when.

Pure functions over immutable values: no clock, no database, no web.
"""

from risk_models.assessment import Assessment
from risk_models.rules.proportionality import security_level, stakeholder_threat
from risk_models.scales import View
from risk_models.system import System

__all__ = ["Assessment", "System", "assess", "security_level", "stakeholder_threat"]


def assess(system: System, *, view: View = View.CURRENT) -> Assessment:
    """Likelihoods, risks, weak points and plan of `system` with the measures that count in `view`.

    Probabilities are for one year, losses in points a year (weights 1, 3, 10, 30 by severity).
    The same system always gives the same figures. Source: docs/ranking.md.
    """
    # networkx and numpy take a second to import: whoever only describes a system does not wait for them.
    from risk_models.ranking.assess import assess as ranked

    return ranked(system, view)
