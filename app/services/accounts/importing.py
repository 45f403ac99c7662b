"""Importing accounts from a file. Each row goes the one way to make an account; none gets a password."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import and_, func, or_, select

from app.extensions import db
from app.models.access import Group, Role, User, UserProfile
from app.models.imports import Import, ImportStatus, IssueKind
from app.policies import accounts as rules
from app.policies.actor import Actor
from app.services import sessions
from app.services.accounts import access, directory, records
from app.services.accounts.import_rows import COLUMNS, NAMES, SEVERAL, UNIQUE, Offered, RowReader
from app.services.csv_files.reading import Fault
from app.services.errors import Conflict, NotAllowed, Refusal
from app.services.import_run import SAMPLE, Issues, Progress, Tally, good_rows, opened
from app.services.transaction import savepoint

BLOCK = 200  # rows that are compared with the accounts at once
MOST_ROWS = 20_000  # each is an account, made on its own

Row = tuple[int, dict[str, Any]]

# Made by an import that was taken back, and as that left it (unimporting.py).
_TAKEN_BACK = and_(
    ~User.active, User.last_login.is_(None), User.changed_on == User.created_on, Import.status == ImportStatus.UNDONE
)


def check_options(options: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """There are none. Raises NotAllowed for whoever may not make accounts."""
    access.require(rules.may_create_account(actor))
    return {}


def run(job: Import, content: bytes, issues: Issues, progress: Progress, *, actor: Actor) -> Tally:
    """Import the file in the running transaction; every fault goes to `issues`. Raises Unreadable, and nothing is
    written then, and NotAllowed.
    """
    check_options({}, actor)
    sheet, tally = opened(job, content, COLUMNS)
    reader = RowReader(sheet.columns, _offered(job, actor), issues)
    import_id = job.id
    rows = good_rows(sheet, reader, issues, tally, MOST_ROWS)
    while block := list(islice(rows, BLOCK)):
        for line, values, again in _new(block, issues, tally):
            _make(line, values, again, import_id, issues, tally, actor)
        progress.at(tally.total, max(sheet.likely_rows, tally.total))
    return tally


def _offered(job: Import, actor: Actor) -> dict[str, Offered]:
    """What the file may give: what both may who brought it and who confirmed it. Otherwise a file in which nobody may
    give a role would give it when somebody with more rights confirms it.
    """
    if job.created_by_id is None:
        raise NotAllowed(_("The account that asked for this import no longer exists."))
    givers = [actor, sessions.load_by_id(job.created_by_id)]
    groups = list(db.session.scalars(select(Group.name)))
    may = all(rules.may_change_groups(each) is None for each in givers)
    roles = list(db.session.scalars(select(Role.name)))
    given = [name for name in roles if all(name in directory.grantable(each) for each in givers)]
    return {"roles": Offered(roles, given), "groups": Offered(groups, groups if may else ())}


def _new(block: Iterable[Row], issues: Issues, tally: Tally) -> Iterator[tuple[int, dict[str, Any], int | None]]:
    """The rows of which no account is there yet, or only one that an import made which was taken back: with its key. One
    that says what its account says is unchanged.
    """
    known = _known([values for _line, values in block])
    for line, values in block:
        same = known.get(("username", values["username"].lower()))
        if same is not None and same.active and _says_the_same(same, values):
            tally.unchanged += 1
            continue
        again = same.id if same is not None and same.taken_back else None
        there = {name: known[key] for name in UNIQUE if (key := _key(name, values)) in known}
        clashes = {name: row for name, row in there.items() if row.id != again}
        for name, row in clashes.items():
            rule, fix = _clash(row)
            issues.add(IssueKind.DUPLICATE, Fault(line, name, values[name], rule, fix))
        if clashes:
            tally.duplicate += 1
        else:
            yield line, values, again


def _clash(row: Any) -> tuple[str, str]:
    """What is said of a value that this account has, and what to do."""
    if row.active:
        rule = _("Another account already has this value.")
        return rule, _("It is left out. Change the existing account on its own page.")
    rule = _("An account that is inactive already has this value.")
    return rule, _("It is left out. Activate the existing account on its own page.")


def _key(name: str, values: Any) -> tuple[str, str]:
    value = values.get(name) or ""
    return name, value if name == "main_portal_id" else value.lower()


def _known(rows: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    """The accounts that have something unique of these rows, by that."""
    wanted = {name: [_key(name, each)[1] for each in rows if each.get(name)] for name in ("username", "email")}
    portal_ids = [each["main_portal_id"] for each in rows if each.get("main_portal_id")]
    statement = (
        select(User.id, User.username, User.email, User.first_name, User.last_name, User.active)
        .add_columns(_TAKEN_BACK.label("taken_back"))
        .add_columns(UserProfile.phone, UserProfile.department, UserProfile.main_portal_id)
        .add_columns(directory.ROLE_NAMES.label("roles"), directory.GROUP_NAMES.label("groups"))
        .outerjoin(UserProfile, UserProfile.user_id == User.id)
        .outerjoin(Import, Import.id == UserProfile.import_id)
        .where(
            or_(
                func.lower(User.username).in_(wanted["username"]),
                func.lower(User.email).in_(wanted["email"]),
                UserProfile.main_portal_id.in_(portal_ids),
            )
        )
    )
    found: dict[tuple[str, str], Any] = {}
    for row in db.session.execute(statement):
        found |= {_key(name, row._mapping): row for name in ("username", "email", "main_portal_id")}
    return {key: row for key, row in found.items() if key[1]}


def _says_the_same(row: Any, values: Mapping[str, Any]) -> bool:
    """Whether everything that the row gives is already so."""
    for name, value in values.items():
        if not value or name == "username":
            continue
        there = getattr(row, name)
        same = set(value) <= set(there.split(", ")) if name in SEVERAL else value == there
        if not same:
            return False
    return True


def _make(
    line: int, values: dict[str, Any], again: int | None, import_id: UUID, issues: Issues, tally: Tally, actor: Actor
) -> None:
    """Make one account, or the account `again` anew, in a savepoint: what is refused late takes only its own row back."""
    try:
        with savepoint():
            if again is None:
                records.create_account(**values, import_id=import_id, actor=actor)
            else:
                _revive(again, values, import_id, actor)
    except Refusal as refusal:
        _note(line, values, refusal, issues, tally)
    else:
        tally.new += 1
        if len(tally.sample) < SAMPLE:
            tally.sample.append({"line": line} | {name: _shown(values.get(name)) for name in NAMES})


def _revive(user_id: int, values: dict[str, Any], import_id: UUID, actor: Actor) -> None:
    """Have an account say what the row says, as if this import had made it. Raises Conflict when it is active meanwhile."""
    if not access.activate(user_id, actor=actor):
        rule = _("Another account already has this value.")
        raise Conflict(rule, fields={"username": [rule]})
    user = records.update_account(user_id, values, actor=actor)
    records.profile_of(user).import_id = import_id
    user.created_on = user.changed_on  # nobody has changed it since: this import can be taken back too
    db.session.flush()


def _note(line: int, values: Mapping[str, Any], refusal: Refusal, issues: Issues, tally: Tally) -> None:
    taken = isinstance(refusal, Conflict)
    tally.duplicate += taken
    tally.invalid += not taken
    kind, fix = (IssueKind.DUPLICATE, _("It is left out.")) if taken else (IssueKind.INVALID, _("Correct it."))
    fields = refusal.fields or {"": [refusal.message]}
    for name, sentences in fields.items():
        for sentence in sentences:
            issues.add(kind, Fault(line, name, _shown(values.get(name)) or "", str(sentence), fix))


def _shown(value: Any) -> str | None:
    return "; ".join(value) if isinstance(value, list) else value
