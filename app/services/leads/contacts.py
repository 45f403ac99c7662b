"""Who has a phone number or an e-mail address, also since another lead that had it was merged into them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from app.dialect import PREPARED
from app.extensions import db
from app.services import phones, school
from app.services.matching import escape_like

# Each through its own index: with OR and a limit, PostgreSQL may prefer to read all leads in their order. A merged lead is
# in no index but that of the search, which is why the text is looked for besides.
_SAME = text("""
    WITH RECURSIVE took_over (id) AS (
        (SELECT merged_into_id FROM leads
         WHERE merged_into_id IS NOT NULL AND id IS DISTINCT FROM :but AND phone = :phone
           AND search_text LIKE '%' || CAST(:phone AS text) || '%'
         UNION
         SELECT merged_into_id FROM leads
         WHERE merged_into_id IS NOT NULL AND id IS DISTINCT FROM :but AND lower(email) = lower(:email)
           AND search_text LIKE search_fold('%' || :escaped || '%'))
        UNION
        SELECT l.merged_into_id FROM took_over t JOIN leads l ON l.id = t.id WHERE l.merged_into_id IS NOT NULL
    )
    SELECT id FROM leads WHERE phone = :phone AND deleted_at IS NULL
    UNION
    SELECT id FROM leads WHERE lower(email) = lower(:email) AND deleted_at IS NULL
    UNION
    SELECT l.id FROM took_over t JOIN leads l ON l.id = t.id WHERE l.deleted_at IS NULL
    LIMIT 500
""").execution_options(**PREPARED)


def having(phone: str | None, email: str | None, *, but: UUID | None = None) -> set[UUID]:
    """Keys of the live leads with this phone (E.164) or e-mail (any case), and of those into which one that has it was
    merged. One lead, merged or not, is left out.
    """
    facts = {"phone": phone, "email": email, "escaped": email and escape_like(email), "but": but}
    return {key for key in db.session.scalars(_SAME, facts) if key != but}


def named_by(typed: str) -> set[UUID]:
    """The same for what is typed into a search, where that is a whole phone number, as people dial it, or an address."""
    if "@" in typed:
        return having(None, typed)
    try:
        return having(phones.normalise(typed, school.phone_region()), None)
    except ValueError:
        return set()
