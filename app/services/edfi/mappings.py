"""Descriptors: which URI stands for a value as we keep it. What is in the table counts; a value that is not gets a URI in
our own namespace, for it is no default code of Ed-Fi.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db
from app.models.edfi import DescriptorMapping
from app.policies.actor import Actor
from app.services import plain
from app.services.edfi.schema import LONGEST_CODE, descriptor_names
from app.services.errors import Invalid, explain
from app.services.records import descriptors as codes
from app.services.transaction import lock, transactional

ED_FI: Final = "ed-fi.org"
explain(
    {
        "uq_descriptor_mappings_descriptor_value": ("value", _l("This value is mapped already.")),
        "ck_descriptor_mappings_value_not_blank": ("value", _l("This field is required.")),
        "ck_descriptor_mappings_descriptor": ("descriptor", _l("Choose one from the list.")),
        "ck_descriptor_mappings_uri": ("uri", _l("Must be a URI, as uri://ed-fi.org/SexDescriptor#Female.")),
    }
)
_STATES: Final = (
    "AA AE AK AL AP AR AS AZ CA CO CT DC DE FL FM GA GU HI IA ID IL IN KS KY LA MA MD ME MH MI MN MO MP MS MT NC ND NE"
    " NH NJ NM NV NY OH OK OR PA PR PW RI SC SD TN TX UT VA VI VT WA WI WV WY"
)
# Descriptor -> the standard's default codes that records can hold, the deprecated ones with them.
CODES: Final[dict[str, tuple[str, ...]]] = {
    "SexDescriptor": codes.SEXES,
    "RaceDescriptor": codes.RACES,
    "GradeLevelDescriptor": (
        *codes.GRADE_LEVELS,
        *("Adult Education", "Early Education", "No grade level", "Preschool/Prekindergarten"),
    ),
    "EntryTypeDescriptor": tuple(value for value in codes.ENTRY_TYPES if value != codes.NEW_STUDENT),
    "ExitWithdrawTypeDescriptor": codes.EXIT_TYPES,
    "RelationDescriptor": (*codes.RELATIONS, "Emergency", "Guardian"),
    "StateAbbreviationDescriptor": tuple(_STATES.split()),
    "EducationOrganizationCategoryDescriptor": ("School",),
    "ElectronicMailTypeDescriptor": ("Home/Personal",),
    "TelephoneNumberTypeDescriptor": ("Mobile",),
}
# Values of ours that stand for a code of another name (standards: registered -> Preregistered, enrolled -> Current).
MEANT: Final[dict[tuple[str, str], str]] = {
    ("EnrollmentTypeDescriptor", "registered"): "Preregistered",
    ("EnrollmentTypeDescriptor", "enrolled"): "Current",
}


def uri_of(namespace: str, descriptor: str, code: str) -> str:
    return f"uri://{namespace}/{descriptor}#{code}"


class Descriptors:
    """The table, read once for a whole export."""

    def __init__(self) -> None:
        rows = db.session.execute(select(DescriptorMapping.descriptor, DescriptorMapping.value, DescriptorMapping.uri))
        self._known = {(descriptor, value.lower()): uri for descriptor, value, uri in rows}
        self._own = str(current_app.config["EDFI_NAMESPACE"])

    def mapped(self, descriptor: str, value: str | None) -> str | None:
        """The URI that the table has for a value."""
        return self._known.get((descriptor, value.strip().lower())) if value else None

    def uri(self, descriptor: str, value: str | None) -> str | None:
        """The URI of a value; None for none."""
        if not value or not value.strip():
            return None
        return self.mapped(descriptor, value) or uri_of(self._own, descriptor, value.strip())


@transactional
def add_defaults() -> list[str]:
    """Fill the table with the standard's default codes. What somebody changed stays. Returns what was done, in words."""
    rows = [
        {"descriptor": descriptor, "value": code, "uri": uri_of(ED_FI, descriptor, code)}
        for descriptor, values in CODES.items()
        for code in values
    ]
    rows += [
        {"descriptor": descriptor, "value": value, "uri": uri_of(ED_FI, descriptor, code)}
        for (descriptor, value), code in MEANT.items()
    ]
    statement = insert(DescriptorMapping).values(rows).on_conflict_do_nothing().returning(DescriptorMapping.id)
    added = len(db.session.execute(statement).all())
    return [f"{added} descriptor mappings added"] if added else []


@transactional
def create(values: Mapping[str, Any], *, actor: Actor) -> DescriptorMapping:
    """Map a value to a URI. Raises Invalid, and Conflict when it is mapped already."""
    _check(values["descriptor"], values["uri"])
    made: DescriptorMapping = plain.create(DescriptorMapping, values, actor=actor)
    return made


@transactional
def update(key: UUID, values: Mapping[str, Any], *, actor: Actor, version: datetime | None = None) -> DescriptorMapping:
    """Change a mapping. Raises NotFound, Conflict, Invalid."""
    known = lock(DescriptorMapping, key, version=version)
    _check(values.get("descriptor", known.descriptor), values.get("uri", known.uri))
    for name, value in values.items():
        setattr(known, name, value)
    db.session.flush()
    return known


def _check(descriptor: str, uri: str) -> None:
    """Raises Invalid: a server refuses a URI of another descriptor."""
    if descriptor not in descriptor_names():
        raise Invalid(fields={"descriptor": [_("Choose one from the list.")]})
    head, _hash, code = uri.partition("#")
    if not head.startswith("uri://") or head.split("/")[3:] != [descriptor] or any(map(str.isspace, head)) or not code:
        example = uri_of(ED_FI, descriptor, "Code")
        raise Invalid(fields={"uri": [_("Must be a URI, as %(example)s.", example=example)]})
    if len(code) > LONGEST_CODE:
        sentence = _("The code of a descriptor has at most %(most)s characters.", most=LONGEST_CODE)
        raise Invalid(fields={"uri": [sentence]})


_UNMAPPED: Final = text("""
    WITH shown AS (SELECT * FROM students s WHERE s.deleted_at IS NULL AND s.student_unique_id IS NOT NULL
                   AND EXISTS (SELECT FROM student_school_associations a WHERE a.student_id = s.id)),
    used (descriptor, value) AS (
        SELECT 'SexDescriptor', birth_sex_descriptor FROM shown
        UNION ALL SELECT 'RaceDescriptor', race FROM shown, jsonb_array_elements_text(races) race
        UNION ALL SELECT 'CountryDescriptor', birth_country FROM shown
        UNION ALL SELECT 'GradeLevelDescriptor', entry_grade_level_descriptor
                  FROM student_school_associations JOIN shown ON shown.id = student_id
        UNION ALL SELECT 'EntryTypeDescriptor', entry_type_descriptor
                  FROM student_school_associations JOIN shown ON shown.id = student_id
        UNION ALL SELECT 'ExitWithdrawTypeDescriptor', exit_type_descriptor
                  FROM student_school_associations JOIN shown ON shown.id = student_id
        UNION ALL SELECT 'RelationDescriptor', relation_descriptor
                  FROM student_guardians JOIN shown ON shown.id = student_id)
    SELECT descriptor, btrim(value) AS value, count(*) AS records FROM used u
    WHERE btrim(value) <> '' AND NOT EXISTS (
        SELECT FROM descriptor_mappings m WHERE m.descriptor = u.descriptor AND lower(m.value) = lower(btrim(u.value)))
    GROUP BY descriptor, btrim(value) ORDER BY descriptor, count(*) DESC, btrim(value) LIMIT :most
""")


def unmapped(most: int = 100) -> Sequence[Any]:
    """Values of records that the table does not have, and in how many: they leave in our own namespace."""
    return db.session.execute(_UNMAPPED, {"most": most}).all()


def title(mapping: Any) -> str:
    return f"{mapping.descriptor}: {mapping.value}"


SEARCH: Final = func.search_fold(DescriptorMapping.descriptor + " " + DescriptorMapping.value)
