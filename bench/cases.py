"""What people do on pages, each with the same work in plain SQL and what the peers need for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from werkzeug.test import TestResponse

from bench import sql
from bench.site import Site

Nothing = Callable[[Site], Any]


def nothing(_site: Site) -> None:
    return None


@dataclass(frozen=True)
class Case:
    """`prepare(site)` is not timed; what it returns is given to `page` and `plain`. `peers` are the medians of Flask-
    Admin and of Django admin with unfold, in ms; `goal` is in ms. `grows`: the page shows more when there are more
    leads, so it may cost more.
    """

    name: str
    page: Callable[[Site, Any], TestResponse]
    plain: Callable[[Site, Any], None] | None
    goal: float | None = None
    peers: tuple[float | None, float | None] = (None, None)
    prepare: Nothing = nothing
    rounds: int = 30
    grows: bool = False


def _list(
    name: str,
    query: Callable[[Site], str],
    plain: Callable[[Site], None],
    goal: float | None = None,
    peers: tuple[float | None, float | None] = (None, None),
    **more: Any,
) -> Case:
    return Case(
        name,
        lambda site, _given: site.admin.get(f"/leads/{query(site)}"),
        lambda site, _given: plain(site),
        goal,
        peers,
        **more,
    )


def _search(name: str, *words: Callable[[Site], str], **more: Any) -> Case:
    return _list(
        name,
        lambda site: "?q=" + "+".join(word(site) for word in words),
        lambda site: sql.search(site, *(word(site) for word in words)),
        31,
        (31, 92),
        **more,
    )


def _word(word: str) -> Callable[[Site], str]:
    return lambda _site: word


def _filtered(site: Site) -> str:
    return f"?f=stage:is:{site.facts.stages[0]}&f=owner:is:{site.facts.owner}"


def _middle(site: Site, _given: Any) -> TestResponse:
    page = site.admin.get(site.middle_url())
    assert str(site.facts.middle_next) in page.text
    return page


def _new_lead(site: Site) -> dict[str, str]:
    number = site.number()
    return site.admin.form("/leads/new") | {
        "first_name": "Bench",
        "last_name": f"Lead {number}",
        "phone": f"+4479{number:08d}",
        "email": f"bench{number}@mail.example",
    }


def _changed_lead(site: Site) -> tuple[str, dict[str, str], int]:
    number = site.number()
    url = f"/leads/{site.facts.newest[number % 100]}/edit"
    return url, site.admin.form(url) | {"area": f"Area {number}"}, number


def _saved(answer: TestResponse) -> TestResponse:
    assert answer.status_code == 302, answer.text
    return answer


def _bulk(site: Site, stage: Any, step: str) -> TestResponse:
    answer = site.admin.post(
        "/leads/actions/change_stage",
        {"_stage": step, "_key": str(uuid4()), "id": [str(key) for key in site.facts.newest], "stage_id": str(stage)},
    )
    assert "<strong>1,000</strong>" in answer.text
    return answer


def _next_stage(site: Site) -> Any:
    """A stage in which none of the thousand leads stands. Before the first round they are put into one; later ones find
    them where the last has left them, as at the peers.
    """
    statement = "SELECT DISTINCT stage_id FROM leads WHERE id = ANY(%s)"
    taken = {row[0] for row in site.plain.execute(statement, [site.facts.newest])}
    first, *others = site.facts.stages[1:4]
    if len(taken) > 1:
        with site.plain.transaction():
            site.plain.execute("UPDATE leads SET stage_id = %s WHERE id = ANY(%s)", [first, site.facts.newest])
    return next(stage for stage in others if stage not in taken or len(taken) > 1)


def _suggest(lookup: str, words: Callable[[Site], str]) -> Callable[[Site, Any], TestResponse]:
    return lambda site, _given: site.admin.get(f"/lookups/{lookup}?q={words(site)}")


READING = (
    _list("list, 25 rows", lambda _site: "", sql.rows, 16, (16, 53)),
    _search("search: rare word", Site.rare),
    _search("search: common word", _word("maria"), grows=True),
    _search("search: part of a phone number", lambda site: site.facts.phone_part),
    _search("search: two words", _word("fatima"), _word("khan"), grows=True),
    _search("search: part of a common word", _word("son"), grows=True),
    _search("search: two letters", _word("jo"), grows=True),
    _search("search: nothing found", _word("xqzvw")),
    _search("search: two letters, nothing found", _word("qx")),
    _list(
        "filter by stage and owner",
        _filtered,
        lambda site: sql.rows(
            site, "AND l.stage_id = %s AND l.owner_id = %s", [site.facts.stages[0], site.facts.owner]
        ),
        20,
        (20, 80),
    ),
    Case(
        "page 20,000 (the middle)",
        _middle,
        lambda site, _given: sql.rows(site, "AND (l.created_at, l.id) < (%s, %s)", site.facts.middle),
        200,
        (200, 283),
    ),
    _list(
        "last page",
        lambda _site: "?before=last",
        lambda site: sql.rows(site, order="l.created_at, l.id"),
        200,
        (200, 283),
    ),
    Case(
        "record",
        lambda site, _given: site.admin.get(f"/leads/{site.facts.newest[0]}"),
        lambda site, _given: sql.record(site),
        7,
        (7, 23),
    ),
    Case(
        "autocomplete: staff",
        _suggest("staff", lambda site: site.facts.staff_name),
        lambda site, _given: sql.staff(site),
        7,
        (7, 17),
    ),
    Case(
        "autocomplete: leads",
        _suggest("leads", Site.rare),
        lambda site, _given: sql.search(site, site.rare()),
        7,
        (7, 17),
    ),
    Case("form of a new lead", lambda site, _given: site.admin.get("/leads/new"), None),
    Case(
        "board", lambda site, _given: site.admin.get("/leads/board/"), lambda site, _given: sql.board(site), grows=True
    ),
    Case(
        "follow-ups",
        lambda site, _given: site.admin.get("/leads/worklist/?whose=all"),
        lambda site, _given: sql.worklist(site),
        grows=True,
    ),
    Case("front page", lambda site, _given: site.admin.get("/"), lambda site, _given: sql.front(site), grows=True),
)
WRITING = (
    Case(
        "add",
        lambda site, form: _saved(site.admin.post("/leads/new", form)),
        lambda site, _form: sql.add(site, site.number()),
        6,
        (6, 20),
        _new_lead,
    ),
    Case(
        "edit",
        lambda site, given: _saved(site.admin.post(given[0], given[1])),
        lambda site, given: sql.edit(site, given[2]),
        10,
        (10, 11),
        _changed_lead,
    ),
    Case(
        "bulk stage change of 1,000: preview",
        lambda site, stage: _bulk(site, stage, "preview"),
        None,
        None,
        (None, None),
        _next_stage,
        7,
    ),
    Case(
        "bulk stage change of 1,000",
        lambda site, stage: _bulk(site, stage, "do"),
        lambda site, _stage: sql.bulk(site, site.facts.stages[4]),
        99,
        (99, 238),
        _next_stage,
        7,
    ),
)
