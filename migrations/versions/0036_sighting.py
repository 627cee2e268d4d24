"""what scanners see is called a sighting

Revision: 0036
"""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


_OF = ["product_id", "kind", "name"]


def upgrade() -> None:
    op.rename_table("hint", "sighting")
    with op.batch_alter_table("sighting") as table:
        table.drop_constraint("uq_hint_product_id_kind_name", type_="unique")
        table.create_unique_constraint("uq_sighting_product_id_kind_name", _OF)


def downgrade() -> None:
    with op.batch_alter_table("sighting") as table:
        table.drop_constraint("uq_sighting_product_id_kind_name", type_="unique")
        table.create_unique_constraint("uq_hint_product_id_kind_name", _OF)
    op.rename_table("sighting", "hint")
