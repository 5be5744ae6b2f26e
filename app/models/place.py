"""Where: the nine county-level divisions, the city itself, and the zones that report on their own.

The zones' codes are the statistics bureau's, not GB/T 2260: they never
stand in a document number.
"""

from __future__ import annotations

from app.models.identity_number import normalise_name
from app.refusal import N_, Refusal

CITY = "220200"
DIVISIONS: dict[str, str] = {
    "220200": N_("市本级"),
    "220202": N_("昌邑区"),
    "220203": N_("龙潭区"),
    "220204": N_("船营区"),
    "220211": N_("丰满区"),
    "220221": N_("永吉县"),
    "220271": N_("吉林经济开发区"),
    "220272": N_("吉林高新技术产业开发区"),
    "220273": N_("吉林中国新加坡食品区"),
    "220281": N_("蛟河市"),
    "220282": N_("桦甸市"),
    "220283": N_("舒兰市"),
    "220284": N_("磐石市"),
}
_CODES = {normalise_name(name): code for code, name in DIVISIONS.items()}


def division_code(name: str) -> str:
    """The code behind a division's name as written in a ledger; raises ``division-unknown``."""
    code = _CODES.get(normalise_name(name))
    if code is None:
        raise Refusal(
            "division-unknown", N_("区县“%(name)s”不在名单里，请写九个区县之一、市本级或开发区全称。"), name=name
        )
    return code
