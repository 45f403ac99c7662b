"""The same form of a page, sent twice at once: two presses that both got through."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest

from app.extensions import db
from app.views import once
from tests.concurrency.racing import actor, count, meet_after, race
from tests.conftest import sign_in
from tests.factories.classroom import School

URL = "/admissions/actions/add_extra_classes"


@pytest.fixture
def made(crowd):
    return School(actor("staff")).admit().id


def press(app, monkeypatch, *forms):
    """Send the forms at once; both are in the middle of the work, or wait for whoever is. What was answered."""
    clients = [sign_in(app.test_client(), "staff") for _form in forms]
    db.session.remove()
    meet_after(monkeypatch, once, "as_json")
    return race(app, *(partial(each.post, URL, data=form) for each, form in zip(clients, forms, strict=True)))


def extra(made):
    return count("SELECT extra_classes FROM admissions WHERE id = :id", id=made)


@pytest.mark.parametrize(("keyed", "wanted"), [(True, 3), (False, 6)], ids=["with-a-key", "without"])
def test_two_presses_of_one_button(crowd, made, monkeypatch, keyed, wanted):
    """Without a key it is done twice: this is what the key is for."""
    form = {"id": str(made), "_stage": "preview", "classes": "3"} | ({once.FIELD: str(uuid4())} if keyed else {})
    answers = press(crowd, monkeypatch, form, form)
    assert [each.status_code for each in answers] == [200, 200] and extra(made) == wanted
    assert all('class="ok"' in each.text for each in answers)
    assert sum("This was sent before" in each.text for each in answers) == (1 if keyed else 0)


def test_of_two_that_say_different_things_one_is_done(crowd, made, monkeypatch):
    form = {"id": str(made), "_stage": "preview", once.FIELD: str(uuid4())}
    answers = press(crowd, monkeypatch, form | {"classes": "3"}, form | {"classes": "4"})
    assert sorted(each.status_code for each in answers) == [200, 409]
    assert extra(made) == (3 if answers[0].status_code == 200 else 4)
