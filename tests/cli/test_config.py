"""Settings: what the environment may say, and what is refused with a sentence."""

import stat

import pytest

import config

KEY = "k" * 64
SERVER = {"DATABASE_URL": "postgres://u:p@db:5432/school", "SECRET_KEY": KEY}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_any_name_of_postgresql_gets_our_driver(scheme):
    url = config.database_url({"DATABASE_URL": f"{scheme}://u:p@db:5432/school?sslmode=require"})
    assert url == "postgresql+psycopg://u:p@db:5432/school?sslmode=require"
    assert config.libpq_url(url) == "postgresql://u:p@db:5432/school?sslmode=require"


@pytest.mark.parametrize("url", ["mysql://u@h/d", "sqlite:///x.db", "school", "postgresql:/x"])
def test_other_databases_are_refused(url):
    with pytest.raises(config.ConfigError, match="DATABASE_URL"):
        config.database_url({"DATABASE_URL": url})


def test_secret_key_is_required_beside_a_server():
    with pytest.raises(config.ConfigError, match="SECRET_KEY must be set"):
        config.secret_key({"DATABASE_URL": SERVER["DATABASE_URL"]})


def test_short_secret_key_is_refused():
    with pytest.raises(config.ConfigError, match="32 characters"):
        config.secret_key({"SECRET_KEY": "secret"})


def test_secret_key_is_made_once_and_kept_private(tmp_path):
    environ = {"REGISTRAR_INSTANCE": str(tmp_path / "new")}
    key = config.secret_key(environ)
    assert len(key) == 64
    assert config.secret_key(environ) == key
    files = list((tmp_path / "new").iterdir())
    assert [file.name for file in files] == ["secret_key"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_https_turns_on_secure_cookies():
    settings = config.settings(SERVER | {"PUBLIC_URL": "https://school.example/"})
    assert settings["PUBLIC_URL"] == "https://school.example"
    assert settings["SESSION_COOKIE_SECURE"] is True
    assert settings["SESSION_COOKIE_NAME"] == "__Host-registrar"


def test_plain_http_on_this_machine_works():
    settings = config.settings(SERVER | {"PORT": "8099"})
    assert settings["PUBLIC_URL"] == "http://localhost:8099"
    assert settings["SESSION_COOKIE_SECURE"] is False
    assert settings["SESSION_COOKIE_NAME"] == "registrar"


def test_keys_of_two_purposes_differ():
    settings = config.settings(SERVER)
    assert settings["JWT_SECRET_KEY"] not in (KEY, config.derived_key(KEY, "other"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCHOOL_TIME_ZONE", "Mars/Olympus"),
        ("SCHOOL_TIME_ZONE", "../../etc/passwd"),
        ("PHONE_REGION", "GBR"),
        ("PHONE_REGION", "ZZ"),
        ("PUBLIC_URL", "school.example"),
        ("PUBLIC_URL", "https://school.example/sub"),
        ("TRUSTED_PROXIES", "-1"),
        ("PORT", "http"),
        ("PORT", "70000"),
        ("WEB_THREADS", "0"),
        ("WEB_WORKERS", "0"),
        ("EDFI_NAMESPACE", "a school"),
        ("ENROLLMENT_CODE_PREFIX", "abc"),
        ("ENROLLMENT_CREATE_RECORDS_AT_STEP", "5"),
        ("MAIL_FROM", "the office"),
        ("REGISTRAR_DEMO", "no"),
    ],
)
def test_wrong_values_are_named(name, value):
    with pytest.raises(config.ConfigError, match=name):
        config.settings(SERVER | {name: value})


def test_an_empty_value_is_no_value():
    settings = config.settings(SERVER | {"SCHOOL_TIME_ZONE": "", "PHONE_REGION": "", "PUBLIC_URL": ""})
    assert settings["SCHOOL_TIME_ZONE"] == "Europe/London"
    assert settings["PHONE_REGION"] == "GB"


def test_commands_have_no_statement_timeout():
    def options(**arguments):
        return config.engine_options({}, **arguments)["connect_args"]["options"]

    assert "statement_timeout=60s" in options()
    assert "statement_timeout=0" in options(statement_timeout="0")
    assert "lock_timeout=5s" in options()
