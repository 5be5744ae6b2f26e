"""Who is the same as whom, decided by the bureau; call-backs."""

from __future__ import annotations

revision, down_revision, branch_labels, depends_on = "0005", "0004", None, None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
