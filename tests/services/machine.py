"""What all state machines have: a transaction that is rolled back, refusals as answers, and statements that count zero."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from sqlalchemy import text

from app.extensions import db
from app.services import school
from app.services.errors import Refusal
from tests.conftest import rolled_back


class Machine(RuleBasedStateMachine):
    """Begins with the test accounts only."""

    app: Flask

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(rolled_back(self.app))
        self.stack.enter_context(self.app.test_request_context())

    def teardown(self) -> None:
        self.stack.close()

    def tried(self, work: Callable[[], Any]) -> Any:
        """What the work returns; a refusal is an answer, as None."""
        try:
            return work()
        except Refusal:
            return None
        finally:
            db.session.expire_all()


def none_found(**statements: str) -> None:
    """Fails with the name of the first statement that counts anything. `:today` is the school's day."""
    for name, statement in statements.items():
        found = db.session.scalar(text(statement), {"today": school.today()} if ":today" in statement else {})
        assert found == 0, name


def hold_in_any_order(machine: type[Machine], app: Flask, *, examples: int, steps: int) -> None:
    """Run so many examples of so many steps; `make fuzz` says how many."""
    machine.app = app
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get("FUZZ_EXAMPLES", examples)),
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
