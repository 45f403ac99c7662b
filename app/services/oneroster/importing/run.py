"""One run of an import: read, check, compare, and, if nothing is wrong, write. The check of an upload is this in a
savepoint that is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from app.models.imports import Import, ImportStatus, IssueKind
from app.policies.accounts import SYSTEM
from app.policies.actor import Actor
from app.services.csv_files.reading import Unreadable
from app.services.errors import Invalid, NotAllowed, WrongState
from app.services.import_run import Issues, Progress, Tally
from app.services.oneroster.importing import homes, links, ours, people, references, rules, staging, writing
from app.services.oneroster.importing.archive import Bundle, open_bundle
from app.services.oneroster.importing.rows import FileRows
from app.services.oneroster.importing.targets import KEPT, TARGETS, USERS
from app.services.oneroster.importing.writing import Counts

RESOURCE = "oneroster"
MOST_FAULTS = 10_000  # that are noted
FEW = 5  # so many may vanish from a file whatever share of it they are


def check_options(options: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """There are none. Raises NotAllowed."""
    require(actor)
    return {}


def require(actor: Actor) -> None:
    """Raises NotAllowed for whoever may not import bundles."""
    if not (actor.may("add", "OneRoster imports") or actor.username == SYSTEM):
        raise NotAllowed(_("You may not import bundles."))


def run(job: Import, content: bytes, issues: Issues, progress: Progress, *, actor: Actor) -> Tally:
    """Import the bundle in the running transaction; every fault goes to `issues`, and with a single one nothing is
    written. Raises Unreadable for what is no bundle; when it is carried out, Invalid for a fault, and WrongState when too
    much would vanish and nobody said that it may, or more than they saw in the preview.
    """
    require(actor)
    issues.most = MOST_FAULTS
    bundle, faults = open_bundle(content)
    for each in faults:
        issues.add(IssueKind.FILE, each)
    if not bundle.modes and faults:
        raise Unreadable(*faults)
    read = staging.stage(bundle, issues, progress)
    writing.take_stock()
    writing.find_own()
    references.check(bundle, issues)
    rules.check(bundle, issues)
    tally = Tally(total=sum(each.count for each in read.values()), message=_of(bundle))
    if issues.count:
        return _faulty(job, tally, issues)
    counts = _compare(bundle)
    ours.check(bundle, issues)
    if issues.count:
        return _faulty(job, tally, issues)
    tally.sample = [_line(bundle, name, read[name], counts.get(name, Counts())) for name in bundle.modes]
    tally.new = sum(each.new + each.changed + each.vanishing for each in counts.values())
    tally.unchanged = sum(each.unchanged for each in counts.values())
    tally.message = " ".join([tally.message, *_notices(bundle, read)])
    if job.status is ImportStatus.IMPORTING:
        _guard(job, tally.sample)
    _write(bundle)
    return tally


def undo(job: Import, actor: Actor) -> str:
    """Bundles are not taken back: the one before it, imported again, brings everything to where it was. Raises
    WrongState.
    """
    raise WrongState(_("The import of a bundle cannot be taken back. Import the bundle before it again."))


def _faulty(job: Import, tally: Tally, issues: Issues) -> Tally:
    if job.status is ImportStatus.IMPORTING:
        raise Invalid(_("What is stored has changed since the check, and the bundle does not fit it any more."))
    tally.invalid = issues.count
    tally.message += " " + _("Nothing can be imported before all faults are mended.")
    return tally


def _guard(job: Import, lines: list[dict[str, Any]]) -> None:
    """Raises WrongState when more would vanish than was agreed to when the import was confirmed."""
    agreed = job.options.get("vanishing", {})
    files = [line["file"] for line in lines if line["guarded"] and line["vanishing"] > agreed.get(line["file"], 0)]
    if files:
        raise WrongState(_("More would vanish than is allowed, from: %(files)s.", files=", ".join(files)))


def _compare(bundle: Bundle) -> dict[str, Counts]:
    """Find out what will be written, and what becomes of the rows of each file."""
    homes.gather(bundle)  # of our own users too
    own = writing.leave_own_alone()
    writing.make_keys()
    homes.find()
    for target in TARGETS:
        writing.make_incoming(target, bundle)
    people.find()
    links.find_agents(bundle)
    counts = {target.file: writing.count(target, bundle) for target in TARGETS if target.file in bundle.modes}
    for name, left in own.items():
        if name in counts:
            each = counts[name]
            counts[name] = Counts(each.new, each.changed, each.unchanged + left, each.vanishing, each.stored)
    if "demographics.csv" in bundle.modes:
        counts["demographics.csv"] = people.count_demographics()
    return counts


def _write(bundle: Bundle) -> None:
    """Write it all. What vanishes goes first, so that names and numbers are free."""
    for target in TARGETS:
        writing.remove(target, bundle)
    for target in TARGETS:
        if target is USERS:
            people.write()
        writing.write(target)
        if target is USERS:
            links.write_agents()
    homes.refresh(bundle)
    links.write_associations(bundle)


def _line(bundle: Bundle, name: str, read: FileRows, counts: Counts) -> dict[str, Any]:
    """What the preview says of a file. `guarded`: more vanishes than may without a word."""
    most = max(FEW, counts.stored * int(current_app.config["ONEROSTER_MOST_REMOVED_PERCENT"]) / 100)
    return {
        "file": name,
        "mode": bundle.modes[name],
        "kept": name in KEPT,
        "rows": read.count,
        "new": counts.new,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "vanishing": counts.vanishing,
        "stored": counts.stored,
        "guarded": bundle.modes[name] == "bulk" and counts.vanishing > most,
    }


def _of(bundle: Bundle) -> str:
    return _("OneRoster %(version)s of %(source)s.", version=bundle.standard.version, source=bundle.source)


def _notices(bundle: Bundle, read: dict[str, FileRows]) -> Iterator[str]:
    """What is not an error and should be known."""
    left = ", ".join(name for name in bundle.modes if name not in KEPT)
    if left:
        yield _("Checked, but not kept here: %(files)s.", files=left)
    users = read.get("users.csv")
    if users is not None and users.has_passwords:
        yield _("Passwords are never kept.")
    without = links.without_grade()
    if without:
        yield ngettext(
            "%(num)s student has no grade, and so is not entered at a school.",
            "%(num)s students have no grade, and so are not entered at a school.",
            without,
        )
