"""What stands over a table that leaves the house: the four lines of a survey form, or that it is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OfficialHeader:
    """表号, 制定机关, 批准文号 and 有效期, which whoever is asked may want to see (统计法, article 17); or none."""

    number: str = ""
    authority: str = ""
    approval: str = ""
    valid_until: str = ""

    def lines(self) -> tuple[str, ...]:
        """One line each; a table without them is no survey and says what it is."""
        if not self.number:
            return ("工作台账",)
        return (
            f"表　　号：{self.number}",
            f"制定机关：{self.authority}",
            f"批准文号：{self.approval}",
            f"有效期至：{self.valid_until}",
        )


WORKING_RECORD = OfficialHeader()
SIGNERS = ("统计人员", "审核人", "单位负责人（盖章）")  # 教育统计管理规定, articles 27 and 32
