"""Every setting of Registrar, read from the environment. Nothing else reads the environment for settings.

=================== ==============================================================================
DATABASE_URL        a PostgreSQL 15+ server; unset: one of our own is started under the instance
SECRET_KEY          signs sessions; needed with DATABASE_URL, else made once and kept in a file
PUBLIC_URL          what users type; https:// turns on Secure cookies and HSTS
SCHOOL_NAME         shown on every page
SCHOOL_TIME_ZONE    IANA name; "today" is the school's local day
PHONE_REGION        two letters; how a phone number without a country code is read
SMTP_URL            where mail is handed in: smtp://user:password@host:587/?tls=starttls, smtps://host; unset: mail is
                    put into files under mail/ of the instance, for nobody to miss while developing
MAIL_FROM           the sender of mail: Registrar <office@school.example>; needed with SMTP_URL
TRUSTED_PROXIES     how many reverse proxies stand in front (their headers are believed)
HOST, PORT          where the web server listens (HOST=0.0.0.0 lets other machines in)
WEB_WORKERS         web processes
WEB_THREADS         threads of each web process
APP_ROLE            the database role of the web server, when `registrar deploy` uses a stronger one
ONEROSTER_MOST_REMOVED_PERCENT
                    the share of a file that an imported bundle may remove without being asked apart
EDFI_NAMESPACE      the namespace of codes that are none of Ed-Fi's own; unset: the host of PUBLIC_URL
ENROLLMENT_PROGRAMS what families may be interested in, with commas between
ENROLLMENT_CODE_PREFIX
                    what codes of enrollments and students begin with
ENROLLMENT_CREATE_RECORDS_AT_STEP
                    the step that makes the student's records, 4 or 6
UPLOADS_DIR         where documents of families and downloads are kept; shared by all machines
ROSTER_TIME_LIMIT   seconds that filling a week of the help desk may take
REGISTRAR_INSTANCE  the directory for the database, the secret key, logs and uploads
REGISTRAR_DEMO      1 loads demo data at the first start without asking, 0 never does
=================== ==============================================================================
"""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS

ROOT = Path(__file__).resolve().parent
MEGABYTE = 1024 * 1024
MIN_SECRET_LENGTH = 32

Environ = Mapping[str, str]


PROGRAMS = "Football, Basketball, Tennis, Swimming, Athletics, Music, Dance, Academics"


class ConfigError(Exception):
    """A setting is missing or wrong; the message says which one and what to do."""


def settings(environ: Environ = os.environ) -> dict[str, object]:
    """Return the configuration of the Flask application.

    Raises ConfigError when a setting is missing or wrong.
    """
    for read in (port, web_workers, demo_wish):  # only some commands use them, but a wrong one is told at once
        read(environ)
    secret = secret_key(environ)
    public_url = _public_url(environ)
    secure = public_url.startswith("https://")
    return {
        "SECRET_KEY": secret,
        "JWT_SECRET_KEY": derived_key(secret, "jwt"),
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(hours=1),
        "JWT_TOKEN_LOCATION": ["headers"],
        "SQLALCHEMY_DATABASE_URI": database_url(environ),
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(environ),
        "APP_ROLE": environ.get("APP_ROLE") or None,
        "INSTANCE_DIR": str(instance_dir(environ)),
        "SCHOOL_NAME": _text(environ, "SCHOOL_NAME", "Registrar"),
        "SCHOOL_TIME_ZONE": _time_zone(environ),
        "PHONE_REGION": _region(environ),
        "PUBLIC_URL": public_url,
        "SMTP_URL": _smtp_url(environ),
        "MAIL_FROM": _mail_from(environ, public_url),
        "EDFI_NAMESPACE": _shaped(
            environ,
            "EDFI_NAMESPACE",
            urlsplit(public_url).hostname or "",
            r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}",
            "look like school.example",
        ),
        "ROSTER_TIME_LIMIT": _number(environ, "ROSTER_TIME_LIMIT", 20, 1, 600),
        "ONEROSTER_MOST_REMOVED_PERCENT": _number(environ, "ONEROSTER_MOST_REMOVED_PERCENT", 20, 0, 100),
        "ENROLLMENT_CODE_PREFIX": _shaped(
            environ, "ENROLLMENT_CODE_PREFIX", "TSA", r"[A-Z0-9]{2,8}", "be 2 to 8 capital letters and digits"
        ),
        "ENROLLMENT_CREATE_RECORDS_AT_STEP": int(
            _shaped(environ, "ENROLLMENT_CREATE_RECORDS_AT_STEP", "4", r"[46]", "be 4 or 6")
        ),
        "ENROLLMENT_PROGRAMS": _list(environ, "ENROLLMENT_PROGRAMS", PROGRAMS),
        "UPLOADS_DIR": environ.get("UPLOADS_DIR") or None,
        "TRUSTED_PROXIES": _number(environ, "TRUSTED_PROXIES", 0, 0, 10),
        "MAX_CONTENT_LENGTH": 32 * MEGABYTE,
        "SESSION_COOKIE_NAME": "__Host-registrar" if secure else "registrar",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_TIME_LIMIT": None,  # a form lives as long as its session
        "BABEL_DEFAULT_LOCALE": "en",
        "LANGUAGES": {
            "en": {"flag": "gb", "name": "English"},
            "ar": {"flag": "sa", "name": "العربية"},
        },
        # Alembic and `registrar deploy` own the tables and the permissions, not Flask-AppBuilder's start-up.
        "FAB_CREATE_DB": False,
        "FAB_UPDATE_PERMS": False,
        "FAB_ADD_SECURITY_VIEWS": False,
        "FAB_PASSWORD_HASH_METHOD": "scrypt:32768:8:3",
        "AUTH_ROLE_ADMIN": "Super Admin",
        "AUTH_ROLE_PUBLIC": "Public",
    }


def instance_dir(environ: Environ = os.environ) -> Path:
    """Return the directory for everything this installation keeps outside a database server."""
    return Path(environ.get("REGISTRAR_INSTANCE") or ROOT / "instance").expanduser().resolve()


def is_embedded(environ: Environ = os.environ) -> bool:
    """Whether our own PostgreSQL is used, because no server was named."""
    return not environ.get("DATABASE_URL")


def database_url(environ: Environ = os.environ) -> str:
    """Return the address of the database, with the driver that we use.

    Raises ConfigError when DATABASE_URL names anything but PostgreSQL.
    """
    if is_embedded(environ):
        from app import embedded  # not at the top: the package `app` reads this file while it is imported

        return embedded.url(instance_dir(environ))
    scheme, separator, rest = environ["DATABASE_URL"].partition("://")
    if not separator or scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise ConfigError("DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    return f"postgresql+psycopg://{rest}"


def libpq_url(url: str) -> str:
    """Return the address as psycopg itself reads it, for connections outside SQLAlchemy's pool."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def engine_options(environ: Environ = os.environ, *, statement_timeout: str = "60s") -> dict[str, object]:
    """Return SQLAlchemy's engine options; commands and workers pass statement_timeout="0" (no limit).

    Raises ConfigError when WEB_THREADS is wrong.
    """
    options = {
        "lock_timeout": "5s",
        "statement_timeout": statement_timeout,
        "idle_in_transaction_session_timeout": "60s",
        "timezone": "UTC",
    }
    return {
        "pool_size": web_threads(environ),
        "max_overflow": 5,
        "pool_timeout": 10,
        "pool_recycle": 1800,
        "hide_parameters": True,  # an error message in a log must not hold anybody's data
        "connect_args": {
            "application_name": "registrar",
            "connect_timeout": 10,
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
    }


def secret_key(environ: Environ = os.environ) -> str:
    """Return SECRET_KEY, or the one kept in the instance when our own PostgreSQL is used.

    Raises ConfigError when it is too short, or missing beside DATABASE_URL: two web servers with
    a key each would refuse one another's sessions.
    """
    if key := environ.get("SECRET_KEY"):
        if len(key) < MIN_SECRET_LENGTH:
            raise ConfigError(f"SECRET_KEY needs {MIN_SECRET_LENGTH} characters or more. {_HOW_TO_MAKE_A_KEY}")
        return key
    if not is_embedded(environ):
        raise ConfigError(f"SECRET_KEY must be set when DATABASE_URL is. {_HOW_TO_MAKE_A_KEY}")
    return _kept_key(instance_dir(environ) / "secret_key")


_HOW_TO_MAKE_A_KEY = "Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"


def derived_key(secret: str, purpose: str) -> str:
    """Return a key for one purpose, so that no two purposes share one."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def host(environ: Environ = os.environ) -> str:
    """Return the address that the web server listens on; only this machine unless HOST says otherwise."""
    return _text(environ, "HOST", "127.0.0.1")


def port(environ: Environ = os.environ) -> int:
    """Return the port of the web server. Raises ConfigError when it is not one."""
    return _number(environ, "PORT", 8080, 1, 65535)


def web_workers(environ: Environ = os.environ) -> int:
    """Return how many web processes to start. Raises ConfigError when it is not a number from 1 to 64."""
    return _number(environ, "WEB_WORKERS", max(2, min(os.cpu_count() or 2, 8)), 1, 64)


def web_threads(environ: Environ = os.environ) -> int:
    """Return how many threads a web process has. Raises ConfigError when not a number from 1 to 64."""
    return _number(environ, "WEB_THREADS", 4, 1, 64)


def _kept_key(path: Path) -> str:
    """Read the key file, making it first when there is none; of two makers at once one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(draft, path)  # fails when another process was quicker; a reader never sees half a key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def demo_wish(environ: Environ = os.environ) -> bool | None:
    """Whether to load the demo at the first start; None where nobody said. Raises ConfigError for anything but 1 and 0."""
    wish = _shaped(environ, "REGISTRAR_DEMO", "", r"[01]?", "be 1 or 0")
    return wish == "1" if wish else None


def _text(environ: Environ, name: str, default: str) -> str:
    return (environ.get(name) or default).strip()


def _shaped(environ: Environ, name: str, default: str, shape: str, rule: str) -> str:
    text = _text(environ, name, default)
    if not re.fullmatch(shape, text):
        raise ConfigError(f"{name} must {rule}, not {text!r}.")
    return text


def _number(environ: Environ, name: str, default: int, least: int, most: int) -> int:
    text = _text(environ, name, str(default))
    if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
        raise ConfigError(f"{name} must be a whole number from {least} to {most}, not {text!r}.")
    return int(text)


def _list(environ: Environ, name: str, default: str) -> list[str]:
    """Names between commas, each once."""
    given = (each.strip() for each in _text(environ, name, default).split(","))
    return list(dict.fromkeys(each for each in given if each))


def _time_zone(environ: Environ) -> str:
    name = _text(environ, "SCHOOL_TIME_ZONE", "Europe/London")
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"SCHOOL_TIME_ZONE must be a name such as Europe/London, not {name!r}.") from error
    return name


def _region(environ: Environ) -> str:
    region = _text(environ, "PHONE_REGION", "GB").upper()
    if region not in SUPPORTED_REGIONS:
        raise ConfigError(f"PHONE_REGION must be the two letters of a country, such as GB, not {region!r}.")
    return region


def _smtp_url(environ: Environ) -> str:
    address = _text(environ, "SMTP_URL", "")
    try:
        parts = urlsplit(address)
        wrong = bool(address) and (parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.port == 0)
    except ValueError:
        wrong = True
    if wrong:
        raise ConfigError("SMTP_URL must look like smtp://user:password@host:587/?tls=starttls.")  # it holds a secret
    return address


def _mail_from(environ: Environ, public_url: str) -> str:
    if environ.get("SMTP_URL") and not _text(environ, "MAIL_FROM", ""):
        raise ConfigError("MAIL_FROM must be set when SMTP_URL is, as Registrar <office@school.example>.")
    own = f"Registrar <registrar@{urlsplit(public_url).hostname}>"
    shape = r"[^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+"
    return _shaped(environ, "MAIL_FROM", own, shape, "look like Registrar <office@school.example>")


def _public_url(environ: Environ) -> str:
    address = _text(environ, "PUBLIC_URL", f"http://localhost:{port(environ)}").rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        raise ConfigError(f"PUBLIC_URL must look like https://school.example, not {address!r}.")
    return address
