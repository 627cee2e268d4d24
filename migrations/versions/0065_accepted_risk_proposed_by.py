"""who proposes that the authority accepts a risk; nobody accepts one but by the decision

Revision: 0065
"""

from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE accepted_risk RENAME COLUMN accepted_by TO proposed_by")
    # The team typed who accepts: nobody knows who proposed it. What is frozen is told by its content alone.
    op.execute(
        "UPDATE accepted_risk SET proposed_by = '' WHERE dossier_id IN"
        " (SELECT id FROM dossier WHERE state IN ('draft', 'opinions'))"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE accepted_risk RENAME COLUMN proposed_by TO accepted_by")
