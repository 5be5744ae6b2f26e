"""A year that is signed."""

from __future__ import annotations

revision, down_revision, branch_labels, depends_on = "0006", "0005", None, None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
