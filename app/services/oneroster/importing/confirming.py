"""Saying yes to an import whose preview one has seen."""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _

from app.models.imports import Import, ImportStatus
from app.policies.actor import Actor
from app.policies.scopes import visible
from app.services import imports
from app.services.errors import Invalid, NotFound
from app.services.oneroster.importing.run import RESOURCE, require
from app.services.transaction import lock, transactional


def guarded(job: Import) -> list[str]:
    """The files from which more would vanish than may without a word."""
    return [line["file"] for line in job.sample if line.get("guarded")]


@transactional
def confirm(import_id: UUID, *, actor: Actor, remove: bool = False, queued: bool = True) -> Import:
    """Ask for a checked bundle to be imported; asking again changes nothing. `remove` says that as much may vanish as the
    preview says.

    Raises NotFound, NotAllowed, WrongState, and Invalid when too much would vanish and `remove` is not given.
    """
    require(actor)
    job = lock(Import, import_id, visible(Import, actor))
    if job.resource != RESOURCE:
        raise NotFound
    if job.status is ImportStatus.CHECKED:
        files = guarded(job)
        if files and not remove:
            said = _("More would vanish than is allowed, from: %(files)s.", files=", ".join(files))
            raise Invalid(said, fields={"remove": [_("Say that so much may vanish, or choose another bundle.")]})
        vanishing = {line["file"]: line["vanishing"] for line in job.sample} if remove else {}
        job.options = job.options | {"vanishing": vanishing}
    return imports.confirm(import_id, actor=actor, queued=queued)
