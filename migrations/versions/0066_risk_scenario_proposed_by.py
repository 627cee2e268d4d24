"""who proposes that the authority accepts a risk of the register

Revision: 0066
"""

from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE risk_scenario RENAME COLUMN accepted_by TO proposed_by")
    op.execute("UPDATE risk_scenario SET proposed_by = ''")  # the team typed who accepts, not who proposes it


def downgrade() -> None:
    op.execute("ALTER TABLE risk_scenario RENAME COLUMN proposed_by TO accepted_by")
