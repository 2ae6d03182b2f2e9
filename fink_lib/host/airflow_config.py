"""How the local Airflow is configured: loopback only, as few processes as will do, quick enough to watch."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.host.airflow_db import database_url, without_password
from fink_lib.host.ports import LOOPBACK
from fink_lib.streams.runner import settings_environment

USER = "admin"
# (slots, what for, count deferred tasks): a deferred stream task still occupies its slot.
POOLS: dict[str, tuple[int, str, bool]] = {
    "spark_streams": (9, "one slot a running stream, one what carries statements", True),
    "spark_batch": (2, "nightly jobs side by side", False),
    "spark_rerun": (2, "nights that are run again, side by side", False),
    "user_jobs": (2, "jobs of people, each in a sandbox", False),
}

# `airflow standalone` starts its parts as `airflow …` from PATH, and two of them would serve their logs on every
# interface. The UI reads the same files directly, so this front door leaves the log servers out.
FRONT_DOOR = """#!/bin/sh
case "$1" in scheduler|triggerer) set -- "$@" --skip-serve-logs ;; esac
exec "{airflow}" "$@"
"""


def airflow_options(settings: Settings, port: int, folder: Path) -> dict[str, str]:
    """Return the ``AIRFLOW__SECTION__KEY`` variables of the local Airflow.

    Parameters
    ----------
    settings
        Tell where the DAGs are, and which database keeps Airflow's state.
    port
        Of the UI and the API, on the loopback interface.
    folder
        Airflow's home: logs, plugins, login, and its SQLite where no other database is set.
    """
    url = f"http://{LOOPBACK}:{port}"
    options = {
        "core.executor": "LocalExecutor",
        # Streams are deferred and need no worker; four tasks at once are more than two cores want.
        "core.parallelism": 4,
        "core.dags_folder": settings.project / "dags",
        "core.plugins_folder": folder / "plugins",
        "core.load_examples": False,
        "core.dags_are_paused_at_creation": True,
        "core.hostname_callable": "socket.gethostname",
        "core.simple_auth_manager_users": f"{USER}:admin",
        "core.simple_auth_manager_passwords_file": folder / "login.json",
        "core.execution_api_server_url": f"{url}/execution/",
        "database.sql_alchemy_conn": database_url(settings, folder),
        "api.host": LOOPBACK,
        "api.port": port,
        "api.base_url": url,
        "api.workers": 1,
        "dag_processor.parsing_processes": 1,
        # A file that is new or has changed is read at the next look; reading all of them every 30 s, the default,
        # took a seventh of a core.
        "dag_processor.refresh_interval": 30,
        "dag_processor.min_file_process_interval": 900,
        # A busy two-core host answers late rather than not at all.
        "dag_processor.dag_file_processor_timeout": 180,
        "core.dagbag_import_timeout": 120,
        "workers.execution_api_timeout": 60,
        "scheduler.task_instance_heartbeat_timeout": 120,
        "scheduler.scheduler_health_check_threshold": 60,
        "triggerer.triggerer_health_check_threshold": 60,
        # Between two looks the scheduler sleeps up to this long; the default, 1 s, is most of a small night's closing.
        "scheduler.scheduler_idle_sleep_time": 0.3,
        # After a crash, tasks of the dead scheduler are taken over soon.
        "scheduler.orphaned_tasks_check_interval": 30,
        "logging.base_log_folder": folder / "logs",
        "logging.colored_console_log": False,
    }
    return {"AIRFLOW__" + key.replace(".", "__").upper(): str(value) for key, value in options.items()}


def airflow_environment(settings: Settings, port: int, folder: Path) -> dict[str, str]:
    """Return the whole environment of Airflow; drivers that it starts inherit the ``FINK_*`` part.

    Airflow variables of the shell are left out: they may belong to another installation.

    Parameters
    ----------
    settings
        What drivers and tasks run with.
    port
        Of the UI and the API, on the loopback interface.
    folder
        Airflow's home; its ``bin`` comes first in ``PATH``.
    """
    inherited = {key: value for key, value in settings_environment(settings).items() if not key.startswith("AIRFLOW")}
    scripts = Path(sys.executable).parent
    path = os.pathsep.join([str(folder / "bin"), str(scripts), inherited.get("PATH", os.defpath)])
    own = {"AIRFLOW_HOME": str(folder), "PATH": path, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    if settings.airflow_db:  # tasks ask which database there is; Airflow itself keeps its password from them
        own["FINK_AIRFLOW_DB"] = without_password(settings.airflow_db)
    return {**inherited, **own, **airflow_options(settings, port, folder)}


def write_front_door(folder: Path) -> None:
    """Write the small `airflow` that Airflow's own parts are started through."""
    door = folder / "bin" / "airflow"
    door.parent.mkdir(parents=True, exist_ok=True)
    door.write_text(FRONT_DOOR.format(airflow=Path(sys.executable).parent / "airflow"))
    door.chmod(0o755)


def airflow_command(environment: Mapping[str, str]) -> list[str]:
    """Return the command line of the local Airflow."""
    return [str(Path(environment["AIRFLOW_HOME"]) / "bin" / "airflow"), "standalone"]
