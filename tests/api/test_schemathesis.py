"""The API as Schemathesis sees it, which knows nothing but the document: no error of ours, and every answer as the document
says. Beside `test_fuzz`, which knows of records that exist. `make fuzz` runs both.
"""

from __future__ import annotations

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import token_of
from tests.api.test_fuzz import DOCUMENT

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))
HELD = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
api = schemathesis.openapi.from_dict(DOCUMENT)

pytestmark = pytest.mark.fuzz


@pytest.fixture
def token(app, db_session, actors):
    return token_of(app, "super_admin")


@api.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_every_answer_is_as_documented(case, app, token):
    case.call_and_validate(app=app, headers={"Authorization": f"Bearer {token}"}, checks=HELD)
