"""Everything of one home together: up, down, and the settings of what runs."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fink_lib.community.kafka.beat import stop as stop_carrier
from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host import ports
from fink_lib.host.airflow import LocalAirflow, Login
from fink_lib.host.api import LocalApi
from fink_lib.host.class_archive import ensure_class_archive
from fink_lib.host.jars import ensure_jars, jar_dir
from fink_lib.host.java import find_java
from fink_lib.host.kafka import LocalKafka
from fink_lib.host.log_store import ensure_log_store, ensure_object_store
from fink_lib.host.monitor import LocalMonitor
from fink_lib.host.registry import LocalRegistry
from fink_lib.host.services import AIRFLOW, API, KAFKA, MONITOR, REGISTRY
from fink_lib.job_server.start import stop as stop_job_server
from fink_lib.lake.decided import require_decided
from fink_lib.storage import on_disk
from fink_lib.streams.known import known_streams
from fink_lib.streams.runners import runner_of

# Jars, logs, checkpoints and a played night together stay well below.
LEAST_DISK_BYTES = 2 * 10**9
LAST_PORT = 65535
Say = Callable[[str], None]


def local_kafka(settings: Settings) -> LocalKafka:
    """Return the broker of a home, running or not."""
    return LocalKafka(
        settings.home,
        jar_dir(settings.cache, KAFKA),
        settings.kafka_port,
        users_port=users_port(settings),
        tls=settings.kafka_users_tls,
        java_options=settings.kafka_java_options,
    )


def users_port(settings: Settings) -> int:
    """Return the port for users with a password; 0 is any free one."""
    port, chosen = settings.kafka_port, settings.kafka_users_port
    if chosen is not None:
        return chosen
    return port + 1 if 0 < port < LAST_PORT else 0


def has_own_kafka(settings: Settings) -> bool:
    """Tell whether the home brings its own broker; not so when ``FINK_KAFKA_BOOTSTRAP`` names another one."""
    own = f"{ports.LOOPBACK}:{settings.kafka_port}"
    if "kafka_bootstrap" not in settings.model_fields_set or settings.kafka_bootstrap == own:
        return True
    kafka = local_kafka(settings)
    return kafka.is_running() and settings.kafka_bootstrap in kafka.addresses


def local_registry(settings: Settings) -> LocalRegistry:
    """Return the schema registry of a home, running or not."""
    return LocalRegistry(settings.home, settings.registry_port)


def connected(settings: Settings) -> Settings:
    """Return the settings with the addresses of broker and registry of this home, and the right to use all of them.

    Raises
    ------
    HostError
        When the home's own broker does not run.
    """
    registry = settings.schema_registry or local_registry(settings).url
    settings = settings.model_copy(update={"schema_registry": registry})
    if not has_own_kafka(settings):
        return settings
    return settings.model_copy(update=local_kafka(settings).connection)


def kafka_listeners(settings: Settings) -> str:
    """Tell where clients reach Kafka.

    Raises
    ------
    HostError
        When the home's own broker does not run.
    """
    if not has_own_kafka(settings):
        return f"{settings.kafka_bootstrap} (not ours)"
    kafka = local_kafka(settings)
    return f"{kafka.bootstrap} for anyone, {kafka.users} for users with a password"


def require_room(settings: Settings) -> None:
    """Make sure that the home can be written and has room.

    Raises
    ------
    HostError
        When it cannot be created or written, or the disk is nearly full.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        probe = settings.home / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise HostError(
            f"home {settings.home} cannot be written ({error.strerror}): choose another with --home"
        ) from error
    free = free_bytes(settings.home)
    if free < LEAST_DISK_BYTES:
        raise HostError(
            f"only {free / 1e9:.1f} GB are free under {settings.home}, {LEAST_DISK_BYTES / 1e9:.0f} GB are needed: "
            f"make room or choose another place with --home"
        )


def free_bytes(path: Path) -> int:
    """Return the free bytes of the disk that holds a path, which need not exist yet."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


@dataclass(frozen=True)
class Stack:
    """The services of one home as they run.

    Attributes
    ----------
    settings
        With the address of the broker that runs.
    started
        Services that were not running before.
    """

    settings: Settings
    started: frozenset[str]

    def login(self) -> Login:
        """Return how to get into the Airflow UI."""
        return LocalAirflow(self.settings).login

    @property
    def api(self) -> str:
        """Address of the HTTP API."""
        return LocalApi(self.settings).url


def start_stack(settings: Settings, say: Say) -> Stack:
    """Start what does not run yet: jars, Kafka, a schema registry if need be, Airflow, the API; stop all if one fails.

    Parameters
    ----------
    say
        Receives a line for each step.

    Raises
    ------
    HostError
        When this machine lacks something; the message says what and how to get it.
    """
    require_decided(on_disk(settings.lake, "`fink up`"))
    require_room(settings)
    java = find_java()
    say(f"java: {java.major}, {java.path}")
    ensure_jars(settings.cache, say=say)
    ensure_log_store(settings, say)
    if settings.has_object_store:
        ensure_object_store(settings, say)
    ensure_class_archive(settings, say)
    started: set[str] = set()
    try:
        settings = _start_kafka(settings, say, started)
        settings = _start_registry(settings, say, started)
        _start_airflow(settings, say, started)
        _start_api(settings, say, started)
        _start_monitor(settings, say, started)
    except BaseException:
        stops = {
            MONITOR: LocalMonitor(settings).stop,
            API: LocalApi(settings).stop,
            AIRFLOW: LocalAirflow(settings).stop,
            REGISTRY: local_registry(settings).stop,
        }
        for name, stop in {**stops, KAFKA: local_kafka(settings).stop}.items():
            if name in started:
                stop()
        raise
    return Stack(settings, frozenset(started))


def _start_kafka(settings: Settings, say: Say, started: set[str]) -> Settings:
    if not has_own_kafka(settings):
        say(f"kafka: {kafka_listeners(settings)}")
        return settings
    kafka, since = local_kafka(settings), time.monotonic()
    if not kafka.is_running():
        started.add(KAFKA)
    kafka.start()
    say(f"kafka: {kafka_listeners(settings)}  ({time.monotonic() - since:.0f} s)")
    return connected(settings)


def _start_registry(settings: Settings, say: Say, started: set[str]) -> Settings:
    """Start the home's own registry where a topic is compact and no registry is named."""
    if not settings.compact_topics or settings.schema_registry:
        return settings
    registry = local_registry(settings)
    if not registry.is_running():
        started.add(REGISTRY)
    url = registry.start()
    say(f"schema registry: {url}")
    return settings.model_copy(update={"schema_registry": url})


def _start_airflow(settings: Settings, say: Say, started: set[str]) -> None:
    airflow, since = LocalAirflow(settings), time.monotonic()
    if not airflow.is_running():
        started.add(AIRFLOW)
        say("airflow: starting (half a minute or more)")
    login = airflow.start()
    say(f"airflow: {login.url}  user {login.user}  password {login.password}  ({time.monotonic() - since:.0f} s)")


def _start_api(settings: Settings, say: Say, started: set[str]) -> None:
    api = LocalApi(settings)
    if not api.is_running():
        started.add(API)
    say(f"api: {api.start()}")


def _start_monitor(settings: Settings, say: Say, started: set[str]) -> None:
    monitor = LocalMonitor(settings)
    if not monitor.is_running():
        started.add(MONITOR)
    say(f"monitor: {monitor.start()}/metrics")


def stop_stack(settings: Settings, say: Say) -> None:
    """Stop the API, Airflow, the streams, the server of short Spark jobs, then Kafka. What does not run is no error.

    Airflow first: it would start again every stream that it sees stop. Its own end never touches a stream.
    Each driver finishes its micro-batch, so the next start goes on where this one ended.

    Parameters
    ----------
    settings
        Of the home.
    say
        Receives a line for each step.

    Raises
    ------
    LeaseHeld
        When a driver on another host does not stop; Kafka then still runs.
    """
    LocalMonitor(settings).stop()  # first: what is stopped on purpose is no alarm
    api, airflow = LocalApi(settings), LocalAirflow(settings)
    say("api: " + ("stopping" if api.is_running() else "not running"))
    api.stop()
    say("airflow: " + ("stopping" if airflow.is_running() else "not running"))
    airflow.stop()
    runner = runner_of(settings)
    for spec in known_streams(settings):
        if runner.find(spec) is not None:
            say(f"stream {spec.name}: finishing its micro-batch")
            runner.stop(spec, settings.stop_timeout_s)
    if stop_carrier(settings):
        say("community: the carrier of statements is ended")
    if stop_job_server(settings):
        say("spark: the server of short jobs is ended")
    kafka = local_kafka(settings)
    local_registry(settings).stop()
    say("kafka: " + ("stopping" if kafka.is_running() else "not running"))
    kafka.stop()
