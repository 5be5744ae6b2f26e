"""The registry

Revision ID: 0001
Revises: 
Create Date: 2026-11-24 08:16:18.097926

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('account',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=30), nullable=False),
    sa.Column('mobile_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('mobile_index', sa.LargeBinary(length=32), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('must_change_password', sa.Boolean(), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('mobile_index', name=op.f('uq_account_mobile_index')),
    sa.UniqueConstraint('uid', name=op.f('uq_account_uid'))
    )
    op.create_table('provider',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('name_key', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('division_code', sa.String(length=6), nullable=False),
    sa.Column('address', sa.String(length=200), nullable=False),
    sa.Column('telephone', sa.String(length=30), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_provider')),
    sa.UniqueConstraint('name_key', name=op.f('uq_provider_name_key'))
    )
    op.create_table('sign_in_attempt',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('mobile_index', sa.LargeBinary(length=32), nullable=False),
    sa.Column('tried_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in_attempt'))
    )
    with op.batch_alter_table('sign_in_attempt', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_attempt_mobile_index_tried_at'), ['mobile_index', 'tried_at'], unique=False)

    op.create_table('course',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('provider_id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('title_key', sa.String(length=120), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('audience', sa.String(length=120), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['provider_id'], ['provider.id'], name=op.f('fk_course_provider_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_course')),
    sa.UniqueConstraint('provider_id', 'title_key', name=op.f('uq_course_provider_id_title_key'))
    )
    op.create_table('form_nonce',
    sa.Column('nonce', sa.String(length=64), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('payload', sa.LargeBinary(length=32), nullable=False),
    sa.Column('made_id', sa.Integer(), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_form_nonce_account_id')),
    sa.PrimaryKeyConstraint('nonce', name=op.f('pk_form_nonce'))
    )
    op.create_table('ledger_batch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('file_digest', sa.LargeBinary(length=32), nullable=False),
    sa.Column('provider_id', sa.Integer(), nullable=True),
    sa.Column('made_by_id', sa.Integer(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('worked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('rows_total', sa.Integer(), nullable=False),
    sa.Column('rows_refused', sa.Integer(), nullable=False),
    sa.Column('rows_done', sa.Integer(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['made_by_id'], ['account.id'], name=op.f('fk_ledger_batch_made_by_id')),
    sa.ForeignKeyConstraint(['provider_id'], ['provider.id'], name=op.f('fk_ledger_batch_provider_id')),
    sa.ForeignKeyConstraint(['undone_by_id'], ['account.id'], name=op.f('fk_ledger_batch_undone_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_batch')),
    sa.UniqueConstraint('uid', name=op.f('uq_ledger_batch_uid'))
    )
    op.create_table('person',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=30), nullable=False),
    sa.Column('name_key', sa.String(length=30), nullable=False),
    sa.Column('sex', sa.String(length=6), nullable=True),
    sa.Column('birth_on', sa.Date(), nullable=True),
    sa.Column('document_type', sa.String(length=20), nullable=True),
    sa.Column('document_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('document_index', sa.LargeBinary(length=32), nullable=True),
    sa.Column('mobile_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('mobile_index', sa.LargeBinary(length=32), nullable=True),
    sa.Column('keeper_provider_id', sa.Integer(), nullable=True),
    sa.Column('identity_id', sa.Integer(), nullable=True),
    sa.Column('merged_into_id', sa.Integer(), nullable=True),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.CheckConstraint('(document_type IS NULL) = (document_index IS NULL)', name=op.f('ck_person_document_whole')),
    sa.ForeignKeyConstraint(['identity_id'], ['person.id'], name=op.f('fk_person_identity_id')),
    sa.ForeignKeyConstraint(['keeper_provider_id'], ['provider.id'], name=op.f('fk_person_keeper_provider_id')),
    sa.ForeignKeyConstraint(['merged_into_id'], ['person.id'], name=op.f('fk_person_merged_into_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
    sa.UniqueConstraint('uid', name=op.f('uq_person_uid'))
    )
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_person_document_index'), ['document_index'], unique=False)
        batch_op.create_index('ix_person_gone', ['deleted_at', 'merged_into_id'], unique=False, sqlite_where=sa.text('deleted_at IS NOT NULL OR merged_into_id IS NOT NULL'), postgresql_where=sa.text('deleted_at IS NOT NULL OR merged_into_id IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_person_identity_id'), ['identity_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_person_keeper_provider_id_name_key'), ['keeper_provider_id', 'name_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_person_name_key_birth_on'), ['name_key', 'birth_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_person_name_key_mobile_index'), ['name_key', 'mobile_index'], unique=False)

    op.create_table('role_grant',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('provider_id', sa.Integer(), nullable=True),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(provider_id IS NOT NULL) = (role IN ('trainer', 'clerk'))", name=op.f('ck_role_grant_institution')),
    sa.CheckConstraint("role IN ('resident', 'trainer', 'clerk', 'bureau')", name=op.f('ck_role_grant_role_known')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_role_grant_account_id')),
    sa.ForeignKeyConstraint(['provider_id'], ['provider.id'], name=op.f('fk_role_grant_provider_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_role_grant'))
    )
    with op.batch_alter_table('role_grant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_role_grant_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_role_grant_provider_id'), ['provider_id'], unique=False)

    op.create_table('sign_in',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_sign_in_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_sign_in_token_hash'))
    )
    with op.batch_alter_table('sign_in', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_account_id'), ['account_id'], unique=False)

    op.create_table('account_person',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('relation', sa.String(length=10), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_account_person_account_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_account_person_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_person')),
    sa.UniqueConstraint('account_id', 'person_id', name=op.f('uq_account_person_account_id_person_id'))
    )
    with op.batch_alter_table('account_person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_person_person_id'), ['person_id'], unique=False)

    op.create_table('candidate_pair',
    sa.Column('a_id', sa.Integer(), nullable=False),
    sa.Column('b_id', sa.Integer(), nullable=False),
    sa.Column('decision', sa.String(length=10), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('a_id < b_id', name=op.f('ck_candidate_pair_ordered')),
    sa.ForeignKeyConstraint(['a_id'], ['person.id'], name=op.f('fk_candidate_pair_a_id')),
    sa.ForeignKeyConstraint(['b_id'], ['person.id'], name=op.f('fk_candidate_pair_b_id')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['account.id'], name=op.f('fk_candidate_pair_decided_by_id')),
    sa.PrimaryKeyConstraint('a_id', 'b_id', name=op.f('pk_candidate_pair'))
    )
    with op.batch_alter_table('candidate_pair', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_candidate_pair_b_id'), ['b_id'], unique=False)

    op.create_table('person_correction',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=30), nullable=False),
    sa.Column('birth_on', sa.Date(), nullable=True),
    sa.Column('corrected_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('corrected_by_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['corrected_by_id'], ['account.id'], name=op.f('fk_person_correction_corrected_by_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_person_correction_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person_correction'))
    )
    with op.batch_alter_table('person_correction', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_person_correction_person_id'), ['person_id'], unique=False)

    op.create_table('ledger_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=False),
    sa.Column('row_number', sa.Integer(), nullable=False),
    sa.Column('table_name', sa.String(length=30), nullable=False),
    sa.Column('row_key', sa.String(length=40), nullable=False),
    sa.Column('before', sa.Text(), nullable=True),
    sa.Column('after', sa.Text(), nullable=False),
    sa.Column('undone', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['ledger_batch.id'], name=op.f('fk_ledger_change_batch_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_change'))
    )
    with op.batch_alter_table('ledger_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ledger_change_batch_id_id'), ['batch_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_ledger_change_table_name_row_key'), ['table_name', 'row_key'], unique=False)

    op.create_table('ledger_row',
    sa.Column('batch_id', sa.Integer(), nullable=False),
    sa.Column('row_number', sa.Integer(), nullable=False),
    sa.Column('cells_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('column', sa.String(length=40), nullable=False),
    sa.Column('refusal_code', sa.String(length=40), nullable=False),
    sa.Column('refusal', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['ledger_batch.id'], name=op.f('fk_ledger_row_batch_id')),
    sa.PrimaryKeyConstraint('batch_id', 'row_number', name=op.f('pk_ledger_row'))
    )
    op.create_table('offering',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('provider_id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('number_key', sa.String(length=40), nullable=False),
    sa.Column('category', sa.String(length=20), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('planned_hours', sa.Integer(), nullable=False),
    sa.Column('division_code', sa.String(length=6), nullable=False),
    sa.Column('mode', sa.String(length=10), nullable=False),
    sa.Column('address', sa.String(length=200), nullable=False),
    sa.Column('room', sa.String(length=60), nullable=False),
    sa.Column('fee_cents', sa.Integer(), nullable=False),
    sa.Column('telephone', sa.String(length=30), nullable=False),
    sa.Column('bring', sa.Text(), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=True),
    sa.Column('places_taken', sa.Integer(), nullable=False),
    sa.Column('min_age', sa.Integer(), nullable=True),
    sa.Column('max_age', sa.Integer(), nullable=True),
    sa.Column('signup_opens_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('signup_closes_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancel_reason', sa.String(length=200), nullable=True),
    sa.Column('first_begins_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_begins_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('weekdays', sa.Integer(), nullable=False),
    sa.Column('times_of_day', sa.Integer(), nullable=False),
    sa.Column('timetable', sa.String(length=120), nullable=False),
    sa.Column('search_text', sa.Text(), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.CheckConstraint("category IN ('community', 'elderly', 'rural', 'certificate', 'youth', 'workforce', 'teacher')", name=op.f('ck_offering_category_known')),
    sa.CheckConstraint('(cancelled_at IS NULL) = (cancel_reason IS NULL)', name=op.f('ck_offering_cancelled_with_reason')),
    sa.CheckConstraint('0 <= places_taken', name=op.f('ck_offering_places_not_negative')),
    sa.CheckConstraint('capacity IS NULL OR places_taken <= capacity', name=op.f('ck_offering_places_within_capacity')),
    sa.CheckConstraint('starts_on <= ends_on', name=op.f('ck_offering_dates_in_order')),
    sa.ForeignKeyConstraint(['course_id'], ['course.id'], name=op.f('fk_offering_course_id')),
    sa.ForeignKeyConstraint(['provider_id'], ['provider.id'], name=op.f('fk_offering_provider_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_offering')),
    sa.UniqueConstraint('provider_id', 'number_key', name=op.f('uq_offering_provider_id_number_key'))
    )
    with op.batch_alter_table('offering', schema=None) as batch_op:
        batch_op.create_index('ix_offering_counted', ['planned_hours', 'category', 'division_code', 'provider_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_offering_course_id'), ['course_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_offering_ends_on_starts_on'), ['ends_on', 'starts_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_offering_signup_closes_at_starts_on'), ['signup_closes_at', 'starts_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_offering_starts_on_id'), ['starts_on', 'id'], unique=False)

    op.create_table('enrolment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('offering_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('part', sa.String(length=10), nullable=False),
    sa.Column('source', sa.String(length=10), nullable=False),
    sa.Column('applied_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('applied_on', sa.Date(), nullable=False),
    sa.Column('waitlisted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('registered_on', sa.Date(), nullable=True),
    sa.Column('place_number', sa.Integer(), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_on', sa.Date(), nullable=True),
    sa.Column('first_attended_on', sa.Date(), nullable=True),
    sa.Column('completed_on', sa.Date(), nullable=True),
    sa.Column('made_by_id', sa.Integer(), nullable=True),
    sa.Column('withdrawn_by_id', sa.Integer(), nullable=True),
    sa.Column('completed_by_id', sa.Integer(), nullable=True),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('(registered_on IS NULL) = (place_number IS NULL)', name=op.f('ck_enrolment_place_numbered')),
    sa.CheckConstraint('(withdrawn_at IS NULL) = (withdrawn_on IS NULL)', name=op.f('ck_enrolment_withdrawn_dated')),
    sa.CheckConstraint('completed_on IS NULL OR first_attended_on IS NOT NULL', name=op.f('ck_enrolment_completed_attended')),
    sa.CheckConstraint('first_attended_on IS NULL OR registered_on IS NOT NULL', name=op.f('ck_enrolment_attended_registered')),
    sa.ForeignKeyConstraint(['batch_id'], ['ledger_batch.id'], name=op.f('fk_enrolment_batch_id')),
    sa.ForeignKeyConstraint(['completed_by_id'], ['account.id'], name=op.f('fk_enrolment_completed_by_id')),
    sa.ForeignKeyConstraint(['made_by_id'], ['account.id'], name=op.f('fk_enrolment_made_by_id')),
    sa.ForeignKeyConstraint(['offering_id'], ['offering.id'], name=op.f('fk_enrolment_offering_id')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_enrolment_person_id')),
    sa.ForeignKeyConstraint(['withdrawn_by_id'], ['account.id'], name=op.f('fk_enrolment_withdrawn_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_enrolment'))
    )
    with op.batch_alter_table('enrolment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_enrolment_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_enrolment_completed_on_offering_id_person_id'), ['completed_on', 'offering_id', 'person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_enrolment_first_attended_on_offering_id_person_id'), ['first_attended_on', 'offering_id', 'person_id'], unique=False)
        batch_op.create_index('ix_enrolment_of_offering', ['offering_id', 'place_number', 'person_id', 'registered_on', 'withdrawn_on', 'first_attended_on'], unique=False)
        batch_op.create_index('ix_enrolment_left', ['offering_id', 'person_id', 'first_attended_on', 'completed_on', 'withdrawn_at'], unique=False, sqlite_where=sa.text('withdrawn_at IS NOT NULL AND first_attended_on IS NOT NULL'), postgresql_where=sa.text('withdrawn_at IS NOT NULL AND first_attended_on IS NOT NULL'))
        batch_op.create_index('ix_enrolment_of_person', ['person_id', 'offering_id', 'first_attended_on', 'completed_on'], unique=False)
        batch_op.create_index('ix_enrolment_staff', ['part'], unique=False, sqlite_where=sa.text("part != 'learner'"), postgresql_where=sa.text("part != 'learner'"))
        batch_op.create_index('ix_enrolment_waiting', ['offering_id', 'waitlisted_at', 'registered_on', 'withdrawn_at'], unique=False, sqlite_where=sa.text('waitlisted_at IS NOT NULL AND registered_on IS NULL AND withdrawn_at IS NULL'), postgresql_where=sa.text('waitlisted_at IS NOT NULL AND registered_on IS NULL AND withdrawn_at IS NULL'))
        batch_op.create_index('uq_enrolment_living', ['offering_id', 'person_id'], unique=True, sqlite_where=sa.text('withdrawn_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL'))

    op.create_table('group_visit',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('offering_id', sa.Integer(), nullable=False),
    sa.Column('group_name', sa.String(length=100), nullable=False),
    sa.Column('group_key', sa.String(length=100), nullable=False),
    sa.Column('visited_on', sa.Date(), nullable=False),
    sa.Column('headcount', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('basis', sa.String(length=10), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('headcount > 0', name=op.f('ck_group_visit_headcount_positive')),
    sa.ForeignKeyConstraint(['batch_id'], ['ledger_batch.id'], name=op.f('fk_group_visit_batch_id')),
    sa.ForeignKeyConstraint(['offering_id'], ['offering.id'], name=op.f('fk_group_visit_offering_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_group_visit'))
    )
    with op.batch_alter_table('group_visit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_group_visit_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_group_visit_offering_id_visited_on'), ['offering_id', 'visited_on'], unique=False)

    op.create_table('lesson',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('offering_id', sa.Integer(), nullable=False),
    sa.Column('held_on', sa.Date(), nullable=False),
    sa.Column('begins', sa.Time(), nullable=False),
    sa.Column('ends', sa.Time(), nullable=False),
    sa.Column('class_hours', sa.Integer(), nullable=False),
    sa.Column('room', sa.String(length=60), nullable=False),
    sa.Column('roll_version', sa.Integer(), nullable=False),
    sa.Column('roll_taken_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('begins < ends', name=op.f('ck_lesson_times_in_order')),
    sa.CheckConstraint('class_hours > 0', name=op.f('ck_lesson_hours_positive')),
    sa.ForeignKeyConstraint(['offering_id'], ['offering.id'], name=op.f('fk_lesson_offering_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lesson'))
    )
    with op.batch_alter_table('lesson', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_lesson_held_on'), ['held_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_lesson_offering_id_held_on'), ['offering_id', 'held_on'], unique=False)

    op.create_table('offering_trainer',
    sa.Column('offering_id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_offering_trainer_account_id')),
    sa.ForeignKeyConstraint(['offering_id'], ['offering.id'], name=op.f('fk_offering_trainer_offering_id')),
    sa.PrimaryKeyConstraint('offering_id', 'account_id', name=op.f('pk_offering_trainer'))
    )
    with op.batch_alter_table('offering_trainer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_offering_trainer_account_id'), ['account_id'], unique=False)

    op.create_table('attended_hours',
    sa.Column('enrolment_id', sa.Integer(), nullable=False),
    sa.Column('month_on', sa.Date(), nullable=False),
    sa.Column('offering_id', sa.Integer(), nullable=False),
    sa.Column('class_hours', sa.Integer(), nullable=False),
    sa.CheckConstraint('class_hours > 0', name=op.f('ck_attended_hours_hours_positive')),
    sa.ForeignKeyConstraint(['enrolment_id'], ['enrolment.id'], name=op.f('fk_attended_hours_enrolment_id')),
    sa.ForeignKeyConstraint(['offering_id'], ['offering.id'], name=op.f('fk_attended_hours_offering_id')),
    sa.PrimaryKeyConstraint('enrolment_id', 'month_on', name=op.f('pk_attended_hours'))
    )
    with op.batch_alter_table('attended_hours', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attended_hours_month_on_offering_id_class_hours'), ['month_on', 'offering_id', 'class_hours'], unique=False)

    op.create_table('certificate',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('enrolment_id', sa.Integer(), nullable=False),
    sa.Column('system', sa.String(length=12), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('level', sa.String(length=20), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('number_key', sa.String(length=40), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['batch_id'], ['ledger_batch.id'], name=op.f('fk_certificate_batch_id')),
    sa.ForeignKeyConstraint(['enrolment_id'], ['enrolment.id'], name=op.f('fk_certificate_enrolment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate')),
    sa.UniqueConstraint('system', 'number_key', name=op.f('uq_certificate_system_number_key'))
    )
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_certificate_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificate_enrolment_id'), ['enrolment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificate_issued_on_enrolment_id'), ['issued_on', 'enrolment_id'], unique=False)

    op.create_table('mark',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('lesson_id', sa.Integer(), nullable=False),
    sa.Column('enrolment_id', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(length=12), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('marked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('marked_by_id', sa.Integer(), nullable=True),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("status IN ('present', 'late', 'left_early', 'leave', 'absent', 'unmarked')", name=op.f('ck_mark_status_known')),
    sa.ForeignKeyConstraint(['enrolment_id'], ['enrolment.id'], name=op.f('fk_mark_enrolment_id')),
    sa.ForeignKeyConstraint(['lesson_id'], ['lesson.id'], name=op.f('fk_mark_lesson_id')),
    sa.ForeignKeyConstraint(['marked_by_id'], ['account.id'], name=op.f('fk_mark_marked_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mark'))
    )
    with op.batch_alter_table('mark', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mark_enrolment_id_lesson_id'), ['enrolment_id', 'lesson_id'], unique=False)
        batch_op.create_index('uq_mark_current', ['lesson_id', 'enrolment_id'], unique=True, sqlite_where=sa.text('superseded_at IS NULL'), postgresql_where=sa.text('superseded_at IS NULL'))

    op.create_table('observation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('lesson_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=30), nullable=False),
    sa.Column('mobile_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('birth_on', sa.Date(), nullable=True),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_by_id', sa.Integer(), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_by_id', sa.Integer(), nullable=True),
    sa.Column('outcome', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['lesson_id'], ['lesson.id'], name=op.f('fk_observation_lesson_id')),
    sa.ForeignKeyConstraint(['seen_by_id'], ['account.id'], name=op.f('fk_observation_seen_by_id')),
    sa.ForeignKeyConstraint(['settled_by_id'], ['account.id'], name=op.f('fk_observation_settled_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_observation')),
    sa.UniqueConstraint('uid', name=op.f('uq_observation_uid'))
    )
    with op.batch_alter_table('observation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_observation_lesson_id'), ['lesson_id'], unique=False)



def downgrade():
    with op.batch_alter_table('observation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_observation_lesson_id'))

    op.drop_table('observation')
    with op.batch_alter_table('mark', schema=None) as batch_op:
        batch_op.drop_index('uq_mark_current', sqlite_where=sa.text('superseded_at IS NULL'), postgresql_where=sa.text('superseded_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_mark_enrolment_id_lesson_id'))

    op.drop_table('mark')
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_certificate_issued_on_enrolment_id'))
        batch_op.drop_index(batch_op.f('ix_certificate_enrolment_id'))
        batch_op.drop_index(batch_op.f('ix_certificate_batch_id'))

    op.drop_table('certificate')
    with op.batch_alter_table('attended_hours', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_attended_hours_month_on_offering_id_class_hours'))

    op.drop_table('attended_hours')
    with op.batch_alter_table('offering_trainer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_offering_trainer_account_id'))

    op.drop_table('offering_trainer')
    with op.batch_alter_table('lesson', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_lesson_offering_id_held_on'))
        batch_op.drop_index(batch_op.f('ix_lesson_held_on'))

    op.drop_table('lesson')
    with op.batch_alter_table('group_visit', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_group_visit_offering_id_visited_on'))
        batch_op.drop_index(batch_op.f('ix_group_visit_batch_id'))

    op.drop_table('group_visit')
    with op.batch_alter_table('enrolment', schema=None) as batch_op:
        batch_op.drop_index('ix_enrolment_waiting', sqlite_where=sa.text('waitlisted_at IS NOT NULL AND registered_on IS NULL AND withdrawn_at IS NULL'), postgresql_where=sa.text('waitlisted_at IS NOT NULL AND registered_on IS NULL AND withdrawn_at IS NULL'))
        batch_op.drop_index('uq_enrolment_living', sqlite_where=sa.text('withdrawn_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL'))
        batch_op.drop_index('ix_enrolment_staff', sqlite_where=sa.text("part != 'learner'"), postgresql_where=sa.text("part != 'learner'"))
        batch_op.drop_index('ix_enrolment_of_person')
        batch_op.drop_index('ix_enrolment_left', sqlite_where=sa.text('withdrawn_at IS NOT NULL AND first_attended_on IS NOT NULL'), postgresql_where=sa.text('withdrawn_at IS NOT NULL AND first_attended_on IS NOT NULL'))
        batch_op.drop_index('ix_enrolment_of_offering')
        batch_op.drop_index(batch_op.f('ix_enrolment_first_attended_on_offering_id_person_id'))
        batch_op.drop_index(batch_op.f('ix_enrolment_completed_on_offering_id_person_id'))
        batch_op.drop_index(batch_op.f('ix_enrolment_batch_id'))

    op.drop_table('enrolment')
    with op.batch_alter_table('offering', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_offering_starts_on_id'))
        batch_op.drop_index(batch_op.f('ix_offering_signup_closes_at_starts_on'))
        batch_op.drop_index(batch_op.f('ix_offering_ends_on_starts_on'))
        batch_op.drop_index(batch_op.f('ix_offering_course_id'))
        batch_op.drop_index('ix_offering_counted')

    op.drop_table('offering')
    op.drop_table('ledger_row')
    with op.batch_alter_table('ledger_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_ledger_change_table_name_row_key'))
        batch_op.drop_index(batch_op.f('ix_ledger_change_batch_id_id'))

    op.drop_table('ledger_change')
    with op.batch_alter_table('person_correction', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_person_correction_person_id'))

    op.drop_table('person_correction')
    with op.batch_alter_table('candidate_pair', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_candidate_pair_b_id'))

    op.drop_table('candidate_pair')
    with op.batch_alter_table('account_person', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_person_person_id'))

    op.drop_table('account_person')
    with op.batch_alter_table('sign_in', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_account_id'))

    op.drop_table('sign_in')
    with op.batch_alter_table('role_grant', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_role_grant_provider_id'))
        batch_op.drop_index(batch_op.f('ix_role_grant_account_id'))

    op.drop_table('role_grant')
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_person_name_key_mobile_index'))
        batch_op.drop_index(batch_op.f('ix_person_name_key_birth_on'))
        batch_op.drop_index(batch_op.f('ix_person_keeper_provider_id_name_key'))
        batch_op.drop_index(batch_op.f('ix_person_identity_id'))
        batch_op.drop_index('ix_person_gone', sqlite_where=sa.text('deleted_at IS NOT NULL OR merged_into_id IS NOT NULL'), postgresql_where=sa.text('deleted_at IS NOT NULL OR merged_into_id IS NOT NULL'))
        batch_op.drop_index(batch_op.f('ix_person_document_index'))

    op.drop_table('person')
    op.drop_table('ledger_batch')
    op.drop_table('form_nonce')
    op.drop_table('course')
    with op.batch_alter_table('sign_in_attempt', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_attempt_mobile_index_tried_at'))

    op.drop_table('sign_in_attempt')
    op.drop_table('provider')
    op.drop_table('account')
