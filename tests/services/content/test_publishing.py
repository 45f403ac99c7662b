from __future__ import annotations

from datetime import timedelta

import pytest

from app.models.content import ContentStatus
from app.services import inputs, school
from app.services.content import ANNOUNCEMENTS, PAGES, public
from app.services.errors import Conflict, Invalid, NotFound
from tests.factories.content import announcement, download, page

PUBLISHED = {"status": ContentStatus.PUBLISHED}


def act(name, made, actors, resource=ANNOUNCEMENTS):
    return resource.action_by_name[name].run([made.id], actor=actors.admin).outcomes[0].state


def test_publishing_and_taking_back(actors):
    made = announcement()
    assert public.news() == []
    assert act("publish", made, actors) == "ok"
    assert act("publish", made, actors) == "unchanged"
    assert [each.id for each in public.news()] == [made.id]
    assert public.announcement(made.id).id == made.id
    assert act("unpublish", made, actors) == "ok"
    with pytest.raises(NotFound):
        public.announcement(made.id)


def test_what_is_to_come_or_deleted_is_not_public(actors, db_session):
    to_come = announcement(publication_date=school.today() + timedelta(days=1), **PUBLISHED)
    today = announcement(**PUBLISHED)
    assert [each.id for each in public.news()] == [today.id]
    ANNOUNCEMENTS.delete([today.id], actor=actors.admin)
    assert public.news() == []
    for each in (to_come, today):
        with pytest.raises(NotFound):
            public.announcement(each.id)


def test_the_newest_come_first_page_after_page_with_featured_ones_and_categories(db_session):
    days = [school.today() - timedelta(days=day) for day in (0, 0, 1, 2)]
    made = [announcement(publication_date=day, category=f"C{day.day % 2}", **PUBLISHED) for day in days]
    order = sorted(made, key=lambda each: (each.publication_date, each.id), reverse=True)
    assert [each.id for each in public.news()] == [each.id for each in order]
    assert [each.id for each in public.news(before=order[1].id)] == [each.id for each in order[2:]]
    assert public.news(before=announcement().id) == []
    assert {each.category for each in public.news(category=made[0].category)} == {made[0].category}
    assert public.categories() == sorted({each.category for each in made})
    outstanding = announcement(featured=True, **PUBLISHED)
    announcement(featured=True)
    assert [each.id for each in public.featured()] == [outstanding.id]


def test_pages_and_files_are_public_when_published(db_session):
    shown, file = page(slug="rules", **PUBLISHED), download(**PUBLISHED)
    page(slug="draft"), download()
    assert public.page("rules").id == shown.id
    assert [each.slug for each in public.pages()] == ["rules"]
    assert [each.id for each in public.downloads()] == [file.id]
    for slug in ("draft", "none", ""):
        with pytest.raises(NotFound):
            public.page(slug)


@pytest.mark.parametrize("slug", ["Rules", "rules of", "-rules", "a--b", "ä", "a/b", "a_b"])
def test_an_address_is_small_letters_digits_and_hyphens(actors, slug):
    with pytest.raises(Invalid) as refused:
        PAGES.create({"slug": slug, "title": "T", "body": "B"}, actor=actors.admin)
    assert list(refused.value.fields) == ["slug"]


def test_an_address_is_taken_once_among_pages_that_are_not_deleted(actors):
    made = page(slug="rules")
    with pytest.raises(Conflict):
        PAGES.create({"slug": "rules", "title": "T", "body": "B"}, actor=actors.admin)
    PAGES.delete([made.id], actor=actors.admin)
    PAGES.create({"slug": "rules", "title": "T", "body": "B"}, actor=actors.admin)
    (outcome,) = PAGES.restore([made.id], actor=actors.admin).outcomes
    assert isinstance(outcome.refusal, Conflict)
    assert made.deleted_at is not None


@pytest.mark.parametrize(
    "raw", [{"title": " "}, {"body": " "}, {"body": "x" * 100_001}, {"body": "a\0"}, {"publication_date": "soon"}]
)
def test_bad_input_is_refused_at_its_field(app, raw):
    good = {"title": "T", "body": "B", "publication_date": "2026-03-01"}
    with app.test_request_context(), pytest.raises(Invalid) as refused:
        inputs.parse(ANNOUNCEMENTS.input, good | raw)
    assert list(refused.value.fields) == list(raw)


def test_a_day_out_of_the_calendar_is_refused(actors):
    values = inputs.parse(ANNOUNCEMENTS.input, {"title": "T", "body": "B", "publication_date": "0001-01-01"})
    with pytest.raises(Invalid) as refused:
        ANNOUNCEMENTS.create(values, actor=actors.admin)
    assert list(refused.value.fields) == ["publication_date"]
