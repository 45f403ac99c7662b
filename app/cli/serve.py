"""`registrar run`: database, web server, worker and scheduler, started and stopped together."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import click
from flask.cli import ScriptInfo

import config
from app import embedded
from app.cli.supervisor import Child

READY_SECONDS = 60
TICK_SECONDS = 0.5


@click.command()
@click.pass_obj
def run(info: ScriptInfo) -> None:
    """Start everything on this machine, until Ctrl-C."""
    _require_free_port(config.host(), config.port())
    stopping = _stop_on_signals()
    children = _children()
    guard = _guard() if config.is_embedded() else None
    try:
        _serve(info, children, stopping)
    except KeyboardInterrupt:
        click.echo()
    finally:
        _stop(children, guard)


def _guard() -> subprocess.Popen[bytes]:
    """Start what stops the database if this process is killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "app.embedded.guard", str(config.instance_dir())],
        cwd=config.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _serve(info: ScriptInfo, children: list[Child], stopping: threading.Event) -> None:
    logins, empty = _prepare(info)
    web, *others = children
    web.start()
    _wait_until_ready(web)
    _announce(logins, empty)
    for child in others:  # not before: the page should be there soon, even on one processor
        child.start()
    while not stopping.wait(TICK_SECONDS):
        if config.is_embedded() and embedded.revive(config.instance_dir()):
            click.echo("The database ended unexpectedly; it was started again.")
        for child in children:
            child.revive(click.echo)


def _stop_on_signals() -> threading.Event:
    """Let SIGTERM, and a terminal that closes, end us as Ctrl-C does.

    The event is set as well, because Python drops an exception that is raised inside some of its own hooks.
    """
    stopping = threading.Event()

    def stop(*_: object) -> None:
        stopping.set()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # it is ignored under nohup
        signal.signal(signal.SIGHUP, stop)
    return stopping


def _stop(children: list[Child], guard: subprocess.Popen[bytes] | None) -> None:
    """Stop the children in order, then the database. A second Ctrl-C changes nothing any more."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    click.echo("Stopping ...")
    for child in children:
        child.stop()
    if guard:
        guard.kill()
        guard.wait()
        embedded.release(config.instance_dir())
    click.echo("Stopped.")


def _require_free_port(host: str, port: int) -> None:
    """Raise ClickException when the web server could not listen."""
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise click.ClickException(
            f"HOST must be an address of this machine, not {host!r} ({error.strerror})."
        ) from error
    try:
        with socket.socket(address[0]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address[4])
    except PermissionError as error:
        raise click.ClickException(f"Port {port} needs root. Choose one above 1023 with PORT=...") from error
    except OSError as error:
        reason = f"Port {port} on {host} cannot be used ({error.strerror})."
        raise click.ClickException(f"{reason} Choose another with PORT=...") from error


def _prepare(info: ScriptInfo) -> tuple[list[tuple[str, str, str]], bool]:
    """Bring the database up to date and offer the demo; return its logins, and whether nobody can log in."""
    click.echo("Preparing the database ...")
    app = info.load_app()
    from app.extensions import db
    from app.services import demo, deployment

    with app.app_context():
        try:
            deployment.deploy()
            if demo.wanted() and _wants_demo():
                click.echo("Loading the demo school ...")
                demo.load()
            return demo.logins(), demo.wanted()
        except deployment.DeploymentError as error:
            raise click.ClickException(str(error)) from error
        finally:
            db.session.remove()
            db.engine.dispose()


def _wants_demo() -> bool:
    """Whether to load demo data: as REGISTRAR_DEMO or the user says, else only into our own database."""
    if (wish := config.demo_wish()) is not None:
        return wish
    if sys.stdin.isatty():
        return click.confirm("This is the first start. Load a demo school to look around?", default=True)
    return config.is_embedded()


def _children() -> list[Child]:
    """Return the processes in the order in which they are stopped."""
    logs = config.instance_dir() / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    python = sys.executable
    web = [python, "-m", "gunicorn", "-c", "python:app.cli.web", "app:create_app()"]
    return [
        _child("web", web, logs, 8),
        _child("worker", [python, "-m", "app.cli", "worker"], logs, 5),
        _child("scheduler", [python, "-m", "app.cli", "scheduler"], logs, 5),
    ]


def _child(name: str, command: list[str], logs: Path, grace: float) -> Child:
    return Child(name, command, logs / f"{name}.log", cwd=config.ROOT, grace=grace)


def _wait_until_ready(web: Child) -> None:
    """Return when the web server answers. Raises ClickException with the end of its log when it does not."""
    deadline = time.monotonic() + READY_SECONDS
    while web.exit_code() is None and time.monotonic() < deadline:
        if _answers():
            return
        time.sleep(0.1)
    raise click.ClickException(f"The web server did not start.\n{web.last_words()}")


def _answers() -> bool:
    host = config.host()
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    connection = HTTPConnection(host, config.port(), timeout=10)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()


def _announce(logins: list[tuple[str, str, str]], empty: bool) -> None:
    click.echo(f"\n  Registrar is ready:  {config.settings()['PUBLIC_URL']}\n")
    if logins:
        rows = [("Role", "User name", "Password"), *logins]
        widths = [max(len(row[column]) for row in rows) + 3 for column in range(3)]
        for row in rows:
            click.echo("  " + "".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))
        click.echo()
    if empty:
        command = Path(sys.executable).with_name("registrar")
        click.echo("  Nobody can log in yet. In another terminal, make the first account:")
        click.echo(f"  {command} user create NAME --email ADDRESS --role 'Super Admin'\n")
    click.echo(f"  Logs are in {config.instance_dir() / 'logs'}; Ctrl-C stops everything.\n")
