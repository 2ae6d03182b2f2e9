"""The manifests of Kubernetes, checked as far as a machine without one can: valid, whole, and like the compose file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.host.airflow_config import airflow_options

FOLDER = PROJECT_DIR / "deploy" / "kubernetes"
EXAMPLE = FOLDER / "secret.example.yaml"
VERSIONS = ("1.31", "1.37")
DIFFERS = {"AIRFLOW__API__HOST", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"}  # as in the compose file
Manifest = dict[str, Any]


def manifests() -> list[Manifest]:
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    files = [FOLDER / name for name in kustomization["resources"]]
    return [each for path in files for each in yaml.safe_load_all(path.read_text())]


def named(kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in manifests() if each["kind"] == kind}


def pods() -> Iterator[tuple[str, Manifest]]:
    for each in manifests():
        if each["kind"] in {"Deployment", "StatefulSet"}:
            yield each["metadata"]["name"], each["spec"]["template"]


def containers() -> Iterator[Manifest]:
    for _, pod in pods():
        yield from pod["spec"]["containers"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_keeps_the_schema(version: str) -> None:
    found = [*manifests(), yaml.safe_load(EXAMPLE.read_text())]
    for each in found:
        kubernetes_validate.validate(each, version, strict=True)
    assert len(found) == 11


def test_the_schema_would_see_a_mistake() -> None:
    (wrong,) = named("StatefulSet").values()
    wrong["spec"]["replica"] = wrong["spec"].pop("replicas")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_every_file_is_in_it_but_the_example_of_the_secret() -> None:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert {path.name for path in FOLDER.glob("*.yaml")} == {*listed, EXAMPLE.name, "kustomization.yaml"}


def test_what_pods_name_is_there() -> None:
    secret = yaml.safe_load(EXAMPLE.read_text())
    for name, pod in pods():
        spec = pod["spec"]
        for volume in spec.get("volumes", ()):
            assert volume["persistentVolumeClaim"]["claimName"] in named("PersistentVolumeClaim"), name
        mounted = {mount["name"] for one in spec["containers"] for mount in one.get("volumeMounts", ())}
        assert mounted == {volume["name"] for volume in spec.get("volumes", ())}
        for source in [source for one in spec["containers"] for source in one.get("envFrom", ())]:
            if "configMapRef" in source:
                assert source["configMapRef"]["name"] in named("ConfigMap")
            else:
                assert source["secretRef"]["name"] == secret["metadata"]["name"]
        keys = [
            entry["valueFrom"] for one in spec["containers"] for entry in one.get("env", ()) if "valueFrom" in entry
        ]
        for key in [value["secretKeyRef"] for value in keys if "secretKeyRef" in value]:
            assert key["key"] in secret["stringData"]


def test_services_find_their_pods() -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods()}
    for name, service in named("Service").items():
        assert service["spec"]["selector"] == labels[name]
    for each in manifests():
        if each["kind"] in {"Deployment", "StatefulSet"}:
            assert each["spec"]["selector"]["matchLabels"] == each["spec"]["template"]["metadata"]["labels"]
    (airflow,) = named("StatefulSet").values()
    assert airflow["spec"]["serviceName"] in named("Service")
    assert airflow["spec"]["replicas"] == 1, "drivers are processes of its pod"
    assert airflow["spec"]["template"]["spec"]["shareProcessNamespace"], "as `init` of the compose file reaps them"


def test_the_master_listens_on_a_name_that_it_knows_before_it_is_ready() -> None:
    """A service without an address of its own names ready pods alone, and the master is ready once it listens."""
    pod = named("Deployment")["spark-master"]["spec"]["template"]["spec"]
    (master,) = pod["containers"]
    assert pod["hostname"] == master["args"][master["args"].index("--host") + 1]
    assert pod["hostname"] in named("Service")


def test_the_settings_are_those_of_one_machine() -> None:
    data = dict(named("ConfigMap")["settings"]["data"])
    assert all(isinstance(value, str) for value in data.values())
    here = airflow_options(Settings(home=Path("/var/lib/fink"), project=Path("/opt/fink")), 8080,
                           Path("/var/lib/fink/airflow"))  # fmt: skip
    there = {key: value for key, value in data.items() if key.startswith("AIRFLOW__")}
    assert set(here) - set(there) == {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"}
    assert {key for key in there if here[key] != there[key]} <= DIFFERS
    fields = {f"FINK_{name.upper()}" for name in Settings.model_fields}
    assert {key for key in data if key.startswith("FINK_")} <= fields
    commands = " ".join(word for one in containers() for word in (*one["command"], *one.get("args", ())))
    for path in re.findall(r"/opt/fink/(\S+)", commands):
        assert (PROJECT_DIR / path).exists()
    assert data["FINK_SPARK_MASTER"] in (FOLDER / "spark.yaml").read_text()


def test_no_pod_has_more_rights_than_it_needs() -> None:
    for name, pod in pods():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["automountServiceAccountToken"] is False, name
    for one in containers():
        assert one["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        assert {"requests", "limits"} <= set(one["resources"])


def test_no_secret_is_written_down_and_nothing_is_reached_from_outside() -> None:
    values = yaml.safe_load(EXAMPLE.read_text())["stringData"].values()
    assert all("PLACEHOLDER" in value for value in values)
    assert named("Secret") == {}
    assert {service["spec"].get("type", "ClusterIP") for service in named("Service").values()} == {"ClusterIP"}
