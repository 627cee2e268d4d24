"""homologation to its end: pieces, seals, second factors, withdrawals, delegations, reservations

Revision: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# As in 0012: table, verb, when the row may not change.
_FROZEN = "(SELECT state FROM dossier WHERE id = {row}.dossier_id) IN ('decision', 'decided')"
_TEXT = "NEW.text <> OLD.text OR NEW.position <> OLD.position OR NEW.dossier_id <> OLD.dossier_id OR OLD.lifted_on IS NOT NULL"
RULES = (
    *((table, verb, "TRUE") for table in ("withdrawal", "issued_file") for verb in ("UPDATE", "DELETE")),
    ("reservation", "UPDATE", _TEXT),
    ("reservation", "DELETE", "TRUE"),
    *(
        (table, verb, " OR ".join(_FROZEN.format(row=row) for row in rows))
        for table in ("attached_opinion", "dossier_piece", "dossier_document")
        for verb, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",)))
    ),
)
_MESSAGE = "sealed: this row can no longer change"


def _seal_rows() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table, verb, sealed in RULES:
        name = f"sealed_{table}_{verb.lower()}"
        if on_postgresql:
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {sealed} THEN"
                f" RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
                " RETURN COALESCE(NEW, OLD); END $$"
            )
            op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
        else:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW WHEN {sealed}"
                f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
            )


def upgrade() -> None:
    op.create_table('delegation',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('authority_id', sa.String(length=32), nullable=False),
    sa.Column('delegate_id', sa.String(length=32), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('deed', sa.String(length=200), nullable=False, comment='the written act it rests on'),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['authority_id'], ['person.id'], name=op.f('fk_delegation_authority_id_person')),
    sa.ForeignKeyConstraint(['delegate_id'], ['person.id'], name=op.f('fk_delegation_delegate_id_person')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_delegation_product_id_product'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delegation'))
    )
    op.create_index(op.f('ix_delegation_product_id'), 'delegation', ['product_id'], unique=False)
    op.create_table('factor_challenge',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('purpose', sa.String(length=200), nullable=False),
    sa.Column('challenge', sa.String(length=100), nullable=False, comment='base64url'),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_factor_challenge_person_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_factor_challenge'))
    )
    op.create_index(op.f('ix_factor_challenge_person_id'), 'factor_challenge', ['person_id'], unique=False)
    op.create_table('second_factor',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.Enum('webauthn', 'totp', name='factorkind', native_enum=False, length=40), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('secret', sa.Text(), nullable=False, comment='of codes: encrypted; of a key: its public key'),
    sa.Column('credential_id', sa.String(length=1400), nullable=True),
    sa.Column('counter', sa.Integer(), nullable=False, comment='signatures made by a key; last step of a code used'),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_second_factor_person_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_second_factor')),
    sa.UniqueConstraint('credential_id', name=op.f('uq_second_factor_credential_id'))
    )
    op.create_index(op.f('ix_second_factor_person_id'), 'second_factor', ['person_id'], unique=False)
    op.create_table('attached_opinion',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('dossier_id', sa.String(length=32), nullable=False),
    sa.Column('role', sa.Enum('rssi', 'dpo', 'technical', 'users', name='reviewerrole', native_enum=False, length=40), nullable=False),
    sa.Column('by', sa.String(length=200), nullable=False),
    sa.Column('verdict', sa.Enum('favourable', 'with_reservations', 'unfavourable', name='verdict', native_enum=False, length=40), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('given_on', sa.Date(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_attached_opinion_dossier_id_dossier'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attached_opinion'))
    )
    op.create_index(op.f('ix_attached_opinion_dossier_id'), 'attached_opinion', ['dossier_id'], unique=False)
    op.create_table('dossier_document',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('dossier_id', sa.String(length=32), nullable=False),
    sa.Column('piece', sa.String(length=40), nullable=False, comment='its id in pieces.yaml'),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('dated_on', sa.Date(), nullable=False),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False, comment='bytes'),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('added_by', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_dossier_document_dossier_id_dossier'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dossier_document'))
    )
    op.create_index(op.f('ix_dossier_document_dossier_id'), 'dossier_document', ['dossier_id'], unique=False)
    op.create_table('dossier_piece',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('dossier_id', sa.String(length=32), nullable=False),
    sa.Column('piece', sa.String(length=40), nullable=False, comment='its id in pieces.yaml'),
    sa.Column('answer', sa.Enum('written', 'not_applicable', name='pieceanswer', native_enum=False, length=40), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_dossier_piece_dossier_id_dossier'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dossier_piece')),
    sa.UniqueConstraint('dossier_id', 'piece', name=op.f('uq_dossier_piece_dossier_id_piece'))
    )
    op.create_table('drift_notice',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('dossier_id', sa.String(length=32), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False, comment='how many thresholds were passed'),
    sa.Column('noted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('loss_then', sa.Double(), nullable=False),
    sa.Column('loss_now', sa.Double(), nullable=False),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_drift_notice_dossier_id_dossier')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drift_notice')),
    sa.UniqueConstraint('dossier_id', 'height', name=op.f('uq_drift_notice_dossier_id_height'))
    )
    op.create_table('issued_file',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('dossier_id', sa.String(length=32), nullable=False),
    sa.Column('act', sa.Enum('decision', 'withdrawal', name='act', native_enum=False, length=40), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('content_sha256', sa.String(length=64), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('timestamped', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_issued_file_dossier_id_dossier')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_issued_file')),
    sa.UniqueConstraint('sha256', name=op.f('uq_issued_file_sha256'))
    )
    op.create_index(op.f('ix_issued_file_dossier_id'), 'issued_file', ['dossier_id'], unique=False)
    op.create_table('reservation',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('dossier_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('lifted_on', sa.Date(), nullable=True),
    sa.Column('lifted_by', sa.String(length=200), nullable=False),
    sa.Column('how', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_reservation_dossier_id_dossier')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reservation')),
    sa.UniqueConstraint('dossier_id', 'position', name=op.f('uq_reservation_dossier_id_position'))
    )
    op.create_table('withdrawal',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('dossier_id', sa.String(length=32), nullable=False),
    sa.Column('withdrawn_on', sa.Date(), nullable=False),
    sa.Column('withdrawn_by', sa.String(length=200), nullable=False),
    sa.Column('withdrawn_by_id', sa.String(length=32), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('content', sa.String(), nullable=False, comment='canonical JSON of its page'),
    sa.Column('content_sha256', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['dossier_id'], ['dossier.id'], name=op.f('fk_withdrawal_dossier_id_dossier')),
    sa.ForeignKeyConstraint(['withdrawn_by_id'], ['person.id'], name=op.f('fk_withdrawal_withdrawn_by_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_withdrawal')),
    sa.UniqueConstraint('dossier_id', name=op.f('uq_withdrawal_dossier_id'))
    )
    op.add_column('decision', sa.Column('outside_sha256', sa.String(length=64), nullable=True, comment='the file signed outside Jalon'))
    op.add_column('decision', sa.Column('loss', sa.Double(), nullable=True, comment='expected loss of what was decided, for drift'))
    op.add_column('decision', sa.Column('level', sa.Integer(), nullable=True, comment='security level of what was decided, for drift'))
    op.add_column('dossier', sa.Column('origin', sa.Enum('jalon', 'mon_service_securise', 'paper', 'other', name='origin', native_enum=False, length=40), server_default='jalon', nullable=False))
    op.add_column('dossier', sa.Column('relaunched_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('dossier', sa.Column('seal_fault', sa.Text(), server_default='', nullable=False, comment='why its seal is late'))
    op.add_column('product', sa.Column('in_public_register', sa.Boolean(), server_default=sa.false(), nullable=False, comment='the team lets its decisions be seen by anybody'))
    # What was decided with reservations before this table has one to lift: the whole text.
    op.execute(
        "INSERT INTO reservation (id, dossier_id, position, text, lifted_by, how)"
        " SELECT id, dossier_id, 1, reservations, '', '' FROM decision"
        " WHERE outcome <> 'refused' AND reservations <> ''"
    )
    _seal_rows()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, verb, _ in RULES:
            op.execute(f"DROP FUNCTION sealed_{table}_{verb.lower()}() CASCADE")
    op.drop_column('product', 'in_public_register')
    op.drop_column('dossier', 'seal_fault')
    op.drop_column('dossier', 'relaunched_at')
    op.drop_column('dossier', 'origin')
    op.drop_column('decision', 'level')
    op.drop_column('decision', 'loss')
    op.drop_column('decision', 'outside_sha256')
    op.drop_table('withdrawal')
    op.drop_table('reservation')
    op.drop_index(op.f('ix_issued_file_dossier_id'), table_name='issued_file')
    op.drop_table('issued_file')
    op.drop_table('drift_notice')
    op.drop_table('dossier_piece')
    op.drop_index(op.f('ix_dossier_document_dossier_id'), table_name='dossier_document')
    op.drop_table('dossier_document')
    op.drop_index(op.f('ix_attached_opinion_dossier_id'), table_name='attached_opinion')
    op.drop_table('attached_opinion')
    op.drop_index(op.f('ix_second_factor_person_id'), table_name='second_factor')
    op.drop_table('second_factor')
    op.drop_index(op.f('ix_factor_challenge_person_id'), table_name='factor_challenge')
    op.drop_table('factor_challenge')
    op.drop_index(op.f('ix_delegation_product_id'), table_name='delegation')
    op.drop_table('delegation')
