"""The screens of leads: what a list says of its address, and the three views of the same leads."""

from __future__ import annotations

import re

import pytest

from tests.factories.leads import lead

def current(text: str, label: str) -> list[str]:
    """Which of a group of links is marked as the present one."""
    [group] = re.findall(rf'<nav class="seg" aria-label="{label}">(.*?)</nav>', text, re.S)
    return re.findall(r'aria-current="page">.*?<span>(.*?)</span>', group)


def test_one_sees_whose_follow_ups_are_shown(client_of, db_session):
    staff, admin = client_of("staff"), client_of("admin")
    assert current(staff.get("/leads/worklist/").text, "Whose follow-ups") == ["Mine"]
    assert current(staff.get("/leads/worklist/?whose=all").text, "Whose follow-ups") == ["Everyone&#39;s"]
    assert current(admin.get("/leads/worklist/").text, "Whose follow-ups") == ["Everyone&#39;s"]


@pytest.mark.parametrize(("here", "there"), [("/leads/", "/leads/board/"), ("/leads/board/", "/leads/")])
def test_the_other_view_shows_the_same_leads(client_of, db_session, here, there):
    text = client_of("admin").get(f"{here}?q=ann&f=source:is:ads&sort=-last_name&size=50&cols=name&after=x").text
    assert f'href="{there}?q=ann&amp;f=source%3Ais%3Aads"' in text
    assert 'href="/leads/worklist/"' in text, "which has neither search nor filters"
