"""Bureau lists with evidence, honours, programmes."""

from __future__ import annotations

revision, down_revision, branch_labels, depends_on = "0003", "0002", None, None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
