"""The groups that come built in: what each is for, and the roles that it carries. More can be made by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from app.policies.roles import Role


@dataclass(frozen=True)
class BuiltIn:
    description: Any  # a lazy translated text; stored in English
    roles: tuple[Role, ...]


ADMIN: Final = "Admin"
BUILT_IN: Final[dict[str, BuiltIn]] = {
    ADMIN: BuiltIn(
        _l("Runs the school's front office: every record, approvals, accounts of staff."),
        (Role.ADMIN,),
    ),
    "AMC Admin": BuiltIn(
        _l("Looks after the installation: operations pages, to read."),
        (Role.AMC_ADMIN,),
    ),
    "Engineer": BuiltIn(
        _l("Maintains the installation: job history and health, to read."),
        (Role.ENGINEER,),
    ),
}
