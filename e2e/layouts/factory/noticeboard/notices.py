from __future__ import annotations

from flask import Blueprint, abort

pages = Blueprint("notices", __name__, url_prefix="/notices")
NOTICES = {number: {"id": number, "text": f"Notice {number}"} for number in range(1, 21)}


@pages.get("")
def all_notices() -> list[dict[str, object]]:
    return list(NOTICES.values())


@pages.get("/<int:notice>")
def one_notice(notice: int) -> dict[str, object]:
    if notice not in NOTICES:
        abort(404)
    return NOTICES[notice]
