"""The knowledge of Jalon: what a product is made of, what threatens it, what it must do and when.

Pure functions over immutable values: no clock, no database, no web.
"""

from risk_models.assessment import Assessment
from risk_models.ranking import assess
from risk_models.system import System

__all__ = ["Assessment", "System", "assess"]
