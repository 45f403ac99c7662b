"""Admissions with their classes and payments."""

# ruff: noqa: S608 - statements put together from parts of this package

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _l

from app.services.integrity.invariants import Invariant, sql

AREA: Final = _l("Admissions")
SHOW: Final = ("show", "Admissions")
_ADMISSION = "a.id::text AS key, 'Admission ' || a.number AS title, '/admissions/' || a.id AS link"

# A class that was planned stays a row, also when it is taken off the plan, so that none may be missing. Those booked
# beside the plan are not of it.
_PLANNED = "(SELECT count(*) FROM attendance t WHERE t.admission_id = a.id AND NOT t.makeup)"
_RUNS = "a.deleted_at IS NULL AND a.status IN ('pending', 'active', 'paused')"
_PAYMENT_MISSING = "NOT EXISTS (SELECT FROM admission_payments p WHERE p.admission_id = a.id)"
_UNPAID_OTHERWISE = "p.status = 'unpaid' AND p.amount <> a.total"

ADMISSIONS: Final = (
    Invariant(
        "classes_missing",
        AREA,
        _l("An admission has classes"),
        _l("Running admissions of which no class was ever planned."),
        f"SELECT {_ADMISSION}, '' AS detail FROM admissions a WHERE {_RUNS} AND {_PLANNED} = 0",
        SHOW,
        _l("Cancel it and admit again, or book make-up classes."),
    ),
    Invariant(
        "classes_wrong",
        AREA,
        _l("An admission has as many classes as were bought"),
        _l("Running admissions with more or fewer classes in their plan than were bought: planned / bought."),
        f"""
            SELECT {_ADMISSION}, n.planned || ' / ' || a.final_classes AS detail
            FROM admissions a CROSS JOIN LATERAL {_PLANNED} AS n (planned)
            WHERE {_RUNS} AND n.planned <> a.final_classes AND n.planned <> 0
        """,
        SHOW,
        _l("Look at its row history. Book make-up classes for what is missing, or cancel what is too much."),
    ),
    Invariant(
        "classes_overplanned",
        AREA,
        _l("No more classes are planned than remain"),
        _l("Running admissions of which more classes are planned than are neither used up nor given back."),
        f"""
            SELECT {_ADMISSION}, b.unplanned::text AS detail
            FROM admissions a JOIN admission_balances b ON b.admission_id = a.id WHERE {_RUNS} AND b.unplanned < 0
        """,
        SHOW,
        _l("Cancel make-up classes, or grant a credit."),
    ),
    Invariant(
        "payment_missing",
        AREA,
        _l("An admission has a payment"),
        _l("Admissions without a row that says what they cost and whether it is paid."),
        f"SELECT {_ADMISSION}, a.total::text AS detail FROM admissions a WHERE {_PAYMENT_MISSING}",
        SHOW,
        _l("They get one over their total, unpaid."),
        sql(
            f"SELECT a.id FROM admissions a WHERE {_PAYMENT_MISSING} ORDER BY a.id FOR NO KEY UPDATE",
            f"""
                INSERT INTO admission_payments (admission_id, amount)
                SELECT a.id, a.total FROM admissions a WHERE {_PAYMENT_MISSING} ORDER BY a.id ON CONFLICT DO NOTHING
            """,
        ),
    ),
    Invariant(
        "payment_amount",
        AREA,
        _l("What is due is the total of the admission"),
        _l("Unpaid payments over another amount than the total of their admission: amount / total."),
        f"""
            SELECT {_ADMISSION}, p.amount || ' / ' || a.total AS detail
            FROM admissions a JOIN admission_payments p ON p.admission_id = a.id WHERE {_UNPAID_OTHERWISE}
        """,
        SHOW,
        _l("The amount becomes the total. What is paid is never changed."),
        sql(
            f"""
                SELECT a.id FROM admissions a JOIN admission_payments p ON p.admission_id = a.id
                WHERE {_UNPAID_OTHERWISE} ORDER BY a.id FOR NO KEY UPDATE OF a
            """,
            f"""
                UPDATE admission_payments p SET amount = a.total FROM admissions a
                WHERE a.id = p.admission_id AND {_UNPAID_OTHERWISE}
            """,
        ),
    ),
)
