"""Where Airflow keeps its own state: SQLite in the home, or a PostgreSQL that a setting names."""

import importlib
import importlib.util
import re
from pathlib import Path
from urllib.parse import parse_qsl

from fink_lib.config import Settings
from fink_lib.errors import HostError

WRITE_WAIT_S = 25  # less than a request of ours may take
CONNECT_TIMEOUT_S = 5
OLDEST_POSTGRES = 13  # of those that Airflow supports
DRIVERS = ("psycopg2", "asyncpg")
FIX = "check FINK_AIRFLOW_DB, and that the server runs and lets this user in"
FIX_WRITING = "in FINK_AIRFLOW_DB, write @ / % [ and ] of user, password and options as %40 %2F %25 %5B %5D"
FIX_OPTION = "leave it out of FINK_AIRFLOW_DB; both drivers heed the environment, PGSSLMODE=require say, and ~/.pgpass"
OPTIONS = frozenset({"host", "port", "user"})  # that both drivers take under one name, and that are no secret
UNWRITABLE = re.compile(r"[@/\[\]]|%(?![0-9A-Fa-f]{2})")


def database_url(settings: Settings, folder: Path) -> str:
    """Return the address that Airflow is given, as SQLAlchemy writes it; it may hold a password.

    Parameters
    ----------
    settings
        Names the PostgreSQL, or none.
    folder
        Airflow's own one, where the SQLite file lies.
    """
    if not settings.airflow_db:
        # Who writes waits for who writes; five seconds, the default, are too few on a busy two-core host.
        return f"sqlite:///{folder}/airflow.db?timeout={WRITE_WAIT_S}"
    return f"postgresql+psycopg2://{settings.airflow_db.partition('://')[2]}"


def without_password(url: str) -> str:
    """Return an address as people and tasks may see it: without its password and options."""
    scheme, rest = url.split("://", 1)
    who, at, place = rest.rpartition("@")  # a password may hold whatever ends a part of other addresses
    return f"{scheme}://{who.partition(':')[0]}{at}{re.split('[?#]', place, maxsplit=1)[0]}"


def lacking(url: str) -> tuple[str, str]:
    """Return what is wrong with a PostgreSQL and how to mend it; two empty texts when it will do.

    Parameters
    ----------
    url
        As `Settings.airflow_db` has it; where it holds no password, the file that ``PGPASSFILE`` names is read.
    """
    missing = [name for name in DRIVERS if importlib.util.find_spec(name) is None]
    if missing:
        return f"no package {missing[0]}", "run `uv sync --group postgres`"
    driver = importlib.import_module("psycopg2")
    place = without_password(url)
    if UNWRITABLE.search(url.partition("://")[2].rpartition("@")[0]):  # the driver would quote it in its own error
        return "the address of PostgreSQL cannot be read", FIX_WRITING
    refused = sorted(dict(parse_qsl(url.rpartition("@")[2].partition("?")[2], keep_blank_values=True)).keys() - OPTIONS)
    if refused:  # Airflow hands them to asyncpg too, and writes the address into its log, without the password alone
        return f"the address of PostgreSQL has the option {refused[0]}, which Airflow cannot use", FIX_OPTION
    try:
        connection = driver.connect(f"postgresql://{url.partition('://')[2]}", connect_timeout=CONNECT_TIMEOUT_S)
    except (driver.Error, ValueError) as error:
        return f"{place} does not answer: {' '.join(str(error).split())}", FIX
    version = connection.server_version // 10_000
    connection.close()
    if version < OLDEST_POSTGRES:
        return f"{place} is PostgreSQL {version}", f"take PostgreSQL {OLDEST_POSTGRES} or later"
    return "", ""


def require_database(settings: Settings) -> None:
    """Make sure that Airflow can keep its state where it is told to.

    Raises
    ------
    HostError
        When the PostgreSQL that the settings name cannot be used.
    """
    if not settings.airflow_db:
        return
    problem, fix = lacking(settings.airflow_db)
    if problem:
        raise HostError(f"Airflow cannot keep its state in PostgreSQL: {problem}: {fix}")
