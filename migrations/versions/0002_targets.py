"""Targets, and figures that an institution or the bureau reports with a document."""

from __future__ import annotations

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
