"""The direction of imports, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

APP = Path(__file__).resolve().parents[2] / "app"
OUTER = ("views", "api", "tasks", "cli", "interchange")
# Where a layer stands; it imports from itself and from lower ones.
LEVEL = {"models": 0, "extensions": 1, "policies": 2, "services": 3, "embedded": 3} | dict.fromkeys(OUTER, 4)
COMMITS = {"app/services/transaction.py"}
# What the system does in its own name, without anybody asking.
SYSTEM = {
    "deployment.py",
    "permission_sync.py",
    "sessions.py",
    "jobs.py",
    "followups.py",
    "login.py",
    "health.py",
    "outbox.py",
    "reminders.py",
}
SYSTEM_ACTIONS = {
    ("letters.py", "request_delivery"),
    ("letters.py", "clean_up"),
    ("password_links.py", "clean_up"),
    ("imports.py", "sweep"),
    ("idempotency.py", "clean_up"),
    ("inbox.py", "clean_up"),
    ("feeds.py", "clean_up"),
    ("downloads.py", "count"),  # anybody downloads
    ("downloads.py", "clean_up"),
    ("documents.py", "clean_up"),
    ("invitations.py", "expire"),
    ("waitlist.py", "expire"),
    ("solving.py", "sweep"),
    ("pushing.py", "push_nightly"),
    ("runs.py", "sweep"),
    ("starting.py", "start"),
    ("following.py", "follow_days"),
    ("mappings.py", "add_defaults"),
    ("outcomes.py", "clean_up"),
    ("exporting.py", "sweep"),
    ("exporting.py", "clean_up"),
    ("tokens.py", "issue"),  # programs are no accounts
    ("tokens.py", "revoke"),
    ("tokens.py", "clean_up"),
    ("pushing.py", "sweep"),
}
REQUEST_BOUND = {"request", "session", "g", "current_user"}


def sources() -> list[Path]:
    return sorted(path for path in APP.rglob("*.py") if "static" not in path.parts)


def layer(path: Path) -> str:
    return path.relative_to(APP).parts[0].removesuffix(".py")


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(path: Path) -> Iterator[tuple[str, str, int]]:
    """Every import of the file, those inside functions too: (module, name, line)."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, "", node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} uses a relative import"
            for alias in node.names:
                yield node.module or "", alias.name, node.lineno


def app_layers(path: Path) -> Iterator[tuple[str, int]]:
    for module, name, line in imported(path):
        parts = module.split(".")
        if parts[0] == "app":
            yield (parts[1] if len(parts) > 1 else name), line


def found(violations: list[str]) -> None:
    assert not violations, "\n".join(violations)


def test_there_is_something_to_check():
    assert {layer(path) for path in sources()} >= {"models", "policies", "services", "views", "tasks", "cli"}


def test_imports_point_downwards():
    found(
        [
            f"{path}:{line} imports {target}"
            for path in sources()
            if layer(path) in LEVEL
            for target, line in app_layers(path)
            if target in LEVEL and LEVEL[target] > LEVEL[layer(path)]
        ]
    )


def test_the_outer_layers_do_not_know_each_other():
    found(
        [
            f"{path}:{line} imports {target}"
            for path in sources()
            if layer(path) in OUTER
            for target, line in app_layers(path)
            if target in OUTER and target != layer(path)
        ]
    )


def test_nothing_below_the_views_imports_the_application():
    """`from app import create_app` in a service would be a way around the direction."""
    found(
        [
            f"{path}:{line}"
            for path in sources()
            if layer(path) in ("models", "policies", "services")
            for module, name, line in imported(path)
            if module == "app" and name not in LEVEL
        ]
    )


def test_nothing_below_the_views_reads_the_request():
    found(
        [
            f"{path}:{line} imports {name}"
            for path in sources()
            if layer(path) in ("models", "policies", "services", "extensions")
            for module, name, line in imported(path)
            if module in ("flask", "flask_login", "flask.globals") and name in REQUEST_BOUND
        ]
    )


def test_models_and_policies_do_not_query():
    found(
        [
            f"{path}:{line}"
            for path in sources()
            if layer(path) in ("models", "policies")
            for module, _name, line in imported(path)
            if module == "app.extensions"
        ]
    )


def commits(path: Path) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]


def test_only_the_transaction_commits():
    names = {path: str(path.relative_to(APP.parent)) for path in sources()}
    found([f"{name}:{line}" for path, name in names.items() if name not in COMMITS for line in commits(path)])
    assert all(commits(APP.parent / name) for name in COMMITS), "an exception that is not needed any more"


def writers(path: Path) -> Iterator[ast.FunctionDef]:
    """The public functions that are transactions."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            names = {each.id for each in node.decorator_list if isinstance(each, ast.Name)}
            yield from [node] if "transactional" in names else []


def test_a_service_that_writes_knows_who_acts():
    """By the keyword `actor`, which stamps and row history take it from; the system's own work has none."""
    places = [path for path in sources() if layer(path) == "services" and path.name not in SYSTEM]
    found(
        [
            f"{path}:{function.lineno} {function.name}"
            for path in places
            for function in writers(path)
            if "actor" not in {each.arg for each in function.args.kwonlyargs}
            and (path.name, function.name) not in SYSTEM_ACTIONS
        ]
    )
