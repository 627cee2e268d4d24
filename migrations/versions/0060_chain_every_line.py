"""every line of the journal is chained, those of before there was a chain too

Revision: 0060
"""

from alembic import op
from sqlalchemy import text
from sqlalchemy.orm import Session

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

_UNCHAINED = "SELECT count(*) FROM journal_entry WHERE id NOT IN (SELECT entry_id FROM journal_link)"


def upgrade() -> None:
    if not op.get_bind().scalar(text(_UNCHAINED)):
        return
    from app.journal.chain import chain_unchained  # the hash of a line is written there alone

    with Session(op.get_bind()) as session:
        chain_unchained(session)


def downgrade() -> None:
    pass
