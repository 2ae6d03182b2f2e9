"""The container files, checked as far as a machine without an engine can: linted, valid, and naming what exists."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.config.surveys import SurveySettings
from fink_lib.host.airflow_config import POOLS, airflow_options
from fink_lib.host.airflow_db import without_password
from fink_lib.host.jars import SETS, locked
from fink_lib.host.java import MINIMUM_JAVA
from fink_lib.host.kafka_config import Listeners, admin_security, broker_properties

DOCKER = PROJECT_DIR / "docker"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
SCRIPTS = Path(sys.executable).parent
IN_IMAGE = "/opt/fink"
# What must differ from one machine: addresses, places, the database.
KAFKA_DIFFERS = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}
KAFKA_PASSWORD = "${KAFKA_PASSWORD:?set it in docker/.env}"
AIRFLOW_DIFFERS = {"AIRFLOW__API__HOST", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    return loaded


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text())


def packages() -> dict[str, str]:
    lock = tomllib.loads((PROJECT_DIR / "uv.lock").read_text())
    return {package["name"]: package.get("version", "") for package in lock["package"]}


def instructions(dockerfile: Path, word: str) -> list[str]:
    text = re.sub(r"\\\n\s*", " ", dockerfile.read_text())
    return [line.removeprefix(word).strip() for line in text.splitlines() if line.startswith(word + " ")]


def test_there_is_one_for_airflow_and_one_for_spark() -> None:
    assert [path.name for path in DOCKERFILES] == ["airflow.Dockerfile", "spark.Dockerfile"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
class TestDockerfile:
    def test_lint(self, dockerfile: Path) -> None:
        answer = subprocess.run([SCRIPTS / "hadolint", dockerfile], capture_output=True, text=True, check=False)
        assert (answer.returncode, answer.stdout) == (0, "")

    def test_copies_what_exists_and_is_sent_to_the_builder(self, dockerfile: Path) -> None:
        sent = dockerfile.with_name(dockerfile.name + ".dockerignore").read_text().splitlines()
        for line in instructions(dockerfile, "COPY"):
            *sources, _ = [word for word in line.split() if not word.startswith("--")]
            for source in sources:
                assert (PROJECT_DIR / source).exists(), source
                assert f"!{source}" in sent

    def test_same_python_java_and_uv_as_on_one_machine(self, dockerfile: Path, project: dict[str, Any]) -> None:
        text = dockerfile.read_text()
        (base,) = instructions(dockerfile, "FROM")
        oldest = project["project"]["requires-python"].removeprefix(">=").split(",")[0]
        assert base.startswith(f"python:{oldest}-")
        assert f"openjdk-{MINIMUM_JAVA}-jre-headless" in text
        makefile = (PROJECT_DIR / "Makefile").read_text()
        assert re.findall(r"uv==([\d.]+)", text) == re.findall(r"UV_VERSION := ([\d.]+)", makefile)

    def test_installs_from_the_lock(self, dockerfile: Path, project: dict[str, Any]) -> None:
        syncs = [sync for line in instructions(dockerfile, "RUN") for sync in re.findall(r"uv sync [^&]*", line)]
        assert len(syncs) == 2
        for sync in syncs:
            assert "--frozen" in sync
            assert "--no-dev" in sync
            assert set(re.findall(r"--group (\S+)", sync)) <= set(project["dependency-groups"])
            assert set(re.findall(r"--no-install-package (\S+)", sync)) <= set(packages())

    def test_runs_commands_that_exist(self, dockerfile: Path) -> None:
        (command,) = instructions(dockerfile, "CMD")
        assert (SCRIPTS / json.loads(command)[0]).exists()
        for name in re.findall(r"fink jars (\w+)", dockerfile.read_text()):
            assert name in SETS

    def test_does_not_run_as_root(self, dockerfile: Path) -> None:
        assert instructions(dockerfile, "USER") == ["1000"]


def test_compose_schema() -> None:
    command = [SCRIPTS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DOCKER / "compose.yaml"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_compose_has_the_whole_broker(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"kafka", "postgres", "airflow", "spark-master", "spark-worker"}
    for name in ("airflow", "spark-worker"):
        assert "lake:/var/lib/fink" in compose["services"][name]["volumes"]
    for service in compose["services"].values():
        mounted = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert mounted <= set(compose["volumes"])


def test_compose_builds_from_files_that_exist(compose: dict[str, Any]) -> None:
    builds = [service["build"] for service in compose["services"].values() if "build" in service]
    for build in builds:
        assert (DOCKER / build["context"] / build["dockerfile"]).resolve() in DOCKERFILES
    assert len(builds) == 3


def test_compose_kafka_is_the_broker_of_one_machine(compose: dict[str, Any]) -> None:
    service = compose["services"]["kafka"]
    (version,) = [jar.version for jar in locked("kafka") if jar.name == "kafka_2.13"]
    assert service["image"] == f"apache/kafka:{version}"
    told = broker_properties(Listeners(1, 2, 3, 4), KAFKA_PASSWORD, log_dir=Path("d"), partitions=4)
    here = dict(line.split("=", 1) for line in told.splitlines())
    # As the image reads them: three underscores are a dash.
    there = {
        key.removeprefix("KAFKA_").lower().replace("_", ".").replace("...", "-"): value
        for key, value in service["environment"].items()
        if key != "KAFKA_HEAP_OPTS"
    }
    assert set(there) == set(here)
    assert {key for key in here if here[key] != there[key]} == KAFKA_DIFFERS


def test_compose_airflow_is_that_of_one_machine(compose: dict[str, Any]) -> None:
    there = dict(compose["services"]["airflow"]["environment"])
    assert json.loads(there.pop("FINK_KAFKA_SECURITY")) == admin_security(KAFKA_PASSWORD)
    address = re.sub(r"\$\{.*\}", "of-a-test", there["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    assert there.pop("FINK_AIRFLOW_DB") == without_password(address.replace("+psycopg2", ""))
    settings = Settings(home=Path("/var/lib/fink"), project=Path(IN_IMAGE))
    here = airflow_options(settings, 8080, Path("/var/lib/fink/airflow"))
    assert set(there) == set(here)
    assert {key for key in here if here[key] != there[key]} == AIRFLOW_DIFFERS


def test_airflow_options_exist_in_the_locked_airflow(compose: dict[str, Any]) -> None:
    import airflow

    described = yaml.safe_load((Path(airflow.__file__).parent / "config_templates" / "config.yml").read_text())
    for key in compose["services"]["airflow"]["environment"]:
        if key.startswith("FINK_"):
            continue
        section, _, option = key.removeprefix("AIRFLOW__").lower().partition("__")
        assert option in described[section]["options"], key


def test_pools_are_those_of_one_machine() -> None:
    pools = json.loads((DOCKER / "pools.json").read_text())
    assert pools == {
        name: {"slots": slots, "description": text, "include_deferred": deferred}
        for name, (slots, text, deferred) in POOLS.items()
    }


def test_compose_names_paths_of_the_image_that_exist(compose: dict[str, Any]) -> None:
    named = set(re.findall(rf"{IN_IMAGE}/([\w./-]+)", json.dumps(compose)))
    assert named == {"dags", "docker/pools.json"}
    for path in named:
        assert (PROJECT_DIR / path).exists()


def test_every_environment_key_is_commented() -> None:
    lines = (DOCKER / "compose.yaml").read_text().splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"\s+[A-Z][A-Z_]+: ", line)]
    bare = [lines[n].strip() for n in keys if " # " not in lines[n] and not lines[n - 1].strip().startswith("#")]
    assert bare == []
    assert len(keys) > 50


def test_everything_published_is_published_on_this_machine_only(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8080:8080"]


def test_no_password_is_written_down(compose: dict[str, Any]) -> None:
    assert compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def env_example() -> list[tuple[bool, str, str]]:
    """Read ``(commented out, key, value)`` of each key."""
    found = re.findall(r"^(#?)([A-Z0-9_]+)=(.*)$", (DOCKER / "env.example").read_text(), re.MULTILINE)
    return [(bool(mark), key, value) for mark, key, value in found]


def test_env_example_holds_every_setting_with_its_default_and_its_meaning() -> None:
    text = " ".join(line.removeprefix("# ") for line in (DOCKER / "env.example").read_text().splitlines())
    keys = [key for _, key, _ in env_example()]
    fields = {f"FINK_{name.upper()}": field for name, field in Settings.model_fields.items()}
    of_survey = {f"FINK_ZTF_{name.upper()}": field for name, field in SurveySettings.model_fields.items()}
    at = list(fields).index("FINK_OF_SURVEYS")
    expected = [*list(fields)[:at], *of_survey, *list(fields)[at + 1 :]]
    assert keys == ["POSTGRES_PASSWORD", "KAFKA_PASSWORD", *expected]
    for field in (*fields.values(), *of_survey.values()):
        assert field.description
        assert field.description in text
    defaults = {name: field.get_default(call_default_factory=True) for name, field in (fields | of_survey).items()}
    for commented, key, value in env_example()[2:]:
        default = defaults[key]
        if commented:
            shown = json.dumps(default) if isinstance(default, bool | dict) else "" if default is None else str(default)
            assert value == shown, key


def test_env_example_can_be_read(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert compose["services"]["airflow"]["env_file"][0] == "env.example"
    for commented, key, value in env_example():
        if not commented:
            monkeypatch.setenv(key, value)
    settings = Settings()
    listeners = compose["services"]["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert f"INTERNAL://{settings.kafka_bootstrap}" in listeners
    assert settings.spark_master == compose["services"]["spark-worker"]["command"][-1]
    assert f"lake:{settings.home}" in compose["services"]["airflow"]["volumes"]
    assert str(settings.project) == IN_IMAGE
