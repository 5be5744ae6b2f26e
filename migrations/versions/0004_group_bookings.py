"""Nameless groups: booked by an organisation, counted by the trainer, confirmed."""

from __future__ import annotations

revision, down_revision, branch_labels, depends_on = "0004", "0003", None, None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
