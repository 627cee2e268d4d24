"""Bounds with a unit that several places hold to, each once, with where it comes from. Those of the calendar: `schedule`."""

from risk_models.rules.schedule import LONGEST_MONTHS

# Jalon's own: who signs for another is named again as often as a homologation is renewed at the latest.
LONGEST_DELEGATION_MONTHS = LONGEST_MONTHS
# Jalon's own: the time to complete a dossier; a provisional decision is no long one.
LONGEST_PROVISIONAL_MONTHS = 12
# Jalon's own: beyond, what a dossier leans on is said to be old; an analysis is redone each year.
OLD_DOCUMENT_MONTHS, OLD_ANALYSIS_MONTHS = LONGEST_MONTHS, 12
# Jalon's own: beyond, a strong risk that stays is said beside the duration asked for.
LONG_WITH_STRONG_RISK_MONTHS = 12

# A file that people send: an SBOM of some 60,000 components.
FILE_BYTES = 30_000_000
