"""The manifests of examples/kubernetes: Kubernetes knows each field, and the parts fit together."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark_flume.options.ingestion import ReceiverSettings

kubernetes_validate = pytest.importorskip(
    "kubernetes_validate", reason="make .venv/ready installs it"
)

FOLDER = Path(__file__).parents[2] / "examples/kubernetes"
KUBERNETES = ("1.30", "1.37")
LISTED = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
FILES = [*LISTED["resources"], "executor.yaml"]
MANIFESTS = {
    f"{file}-{each['kind']}-{each['metadata']['name']}": each
    for file in FILES
    for each in yaml.safe_load_all((FOLDER / file).read_text())
}
PROPERTIES = dict(
    line.split(maxsplit=1)
    for line in (FOLDER / "spark.properties").read_text().splitlines()
    if not line.startswith("#")
)


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [each for each in MANIFESTS.values() if each["kind"] == kind]


def pods() -> Iterator[dict[str, Any]]:
    """The pods of the manifests, each with its labels."""
    yield from (each["spec"]["template"] for each in of_kind("StatefulSet"))
    yield from of_kind("Pod")


def app_of(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["labels"]["app"])


def container(name: str) -> dict[str, Any]:
    """A pod's only container."""
    found = [each for pod in pods() for each in pod["spec"]["containers"] if each["name"] == name]
    (only,) = found
    return dict(only)


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_has_the_fields_that_kubernetes_knows(name: str, version: str) -> None:
    assert kubernetes_validate.validate(MANIFESTS[name], version, strict=True) == version


def test_a_field_that_kubernetes_does_not_know_is_found() -> None:
    wrong = yaml.safe_load(yaml.safe_dump(of_kind("StatefulSet")[0]))
    wrong["spec"]["template"]["spec"]["containers"][0]["volumeMount"] = []
    with pytest.raises(kubernetes_validate.ValidationError, match="volumeMount"):
        kubernetes_validate.validate(wrong, KUBERNETES[-1], strict=True)


@pytest.mark.parametrize("pod", list(pods()), ids=app_of)
def test_a_pod_may_run_where_only_restricted_pods_may(pod: dict[str, Any]) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/, and some more."""
    spec = pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001  # `lab` in docker/Dockerfile
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    kinds = {kind for volume in spec["volumes"] for kind in volume.keys() - {"name"}}
    assert kinds <= {"configMap", "emptyDir", "persistentVolumeClaim"}
    for each in spec["containers"]:
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_only_the_driver_may_ask_kubernetes() -> None:
    may = {app_of(pod): pod["spec"]["automountServiceAccountToken"] for pod in pods()}
    assert may == {"flume-receiver": False, "flume-query": True, "flume-query-executor": False}
    (binding,) = of_kind("RoleBinding")
    (account,), (role,) = of_kind("ServiceAccount"), of_kind("Role")
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"][0]["name"] == account["metadata"]["name"]
    used = {pod["spec"]["serviceAccountName"] for pod in pods() if may[app_of(pod)]}
    assert used == {account["metadata"]["name"]}


def test_each_stateful_set_has_one_pod_and_a_service_that_finds_it() -> None:
    services = {each["metadata"]["name"]: each["spec"] for each in of_kind("Service")}
    for each in of_kind("StatefulSet"):
        spec = each["spec"]
        service = services.pop(spec["serviceName"])
        assert spec["replicas"] == 1
        assert service["clusterIP"] == "None"
        assert (
            service["selector"]
            == spec["selector"]["matchLabels"]
            == spec["template"]["metadata"]["labels"]
        )
        (only,) = spec["template"]["spec"]["containers"]
        assert {port["name"]: port["port"] for port in service["ports"]} == {
            port["name"]: port["containerPort"] for port in only["ports"]
        }
        for probe in {"startupProbe", "readinessProbe", "livenessProbe"} & only.keys():
            assert only[probe]["httpGet"]["port"] in {port["name"] for port in only["ports"]}
    assert services == {}


def test_each_volume_is_there_and_is_mounted() -> None:
    claims = {each["metadata"]["name"] for each in of_kind("PersistentVolumeClaim")}
    maps = {each["name"] for each in LISTED["configMapGenerator"]}
    for pod in pods():
        volumes = {each["name"]: each for each in pod["spec"]["volumes"]}
        (only,) = pod["spec"]["containers"]
        assert volumes.keys() == {mount["name"] for mount in only["volumeMounts"]}
        for each in volumes.values():
            assert each.get("persistentVolumeClaim", {}).get("claimName") in {None, *claims}
            assert each.get("configMap", {}).get("name") in {None, *maps}


def test_all_use_one_image_and_one_log() -> None:
    receiver, driver = container("receiver"), container("driver")
    image = PROPERTIES["spark.kubernetes.container.image"]
    assert receiver["image"] == driver["image"] == image
    given = settings(receiver["args"][3:])
    assert str(given.landing) == driver["args"][-2]
    ports = {port["name"]: port["containerPort"] for port in receiver["ports"]}
    assert (given.port, given.metrics_port) == (ports["avro"], ports["metrics"])


def settings(arguments: list[str]) -> ReceiverSettings:
    """What the receiver makes of its arguments."""
    parser = argparse.ArgumentParser()
    ReceiverSettings.add_arguments(parser)
    return ReceiverSettings.of(parser.parse_args(arguments))


def test_the_driver_finds_its_files_and_says_which_ports_its_service_has() -> None:
    driver = container("driver")
    (made,) = LISTED["configMapGenerator"]
    place = next(each["mountPath"] for each in driver["volumeMounts"] if each["name"] == "query")
    there = {f"{place}/{file}" for file in made["files"]}
    named = {PROPERTIES["spark.kubernetes.executor.podTemplateFile"]} | {
        word for each in driver["args"] for word in each.split("=") if word.startswith("/etc/")
    }
    assert named == there
    assert all((FOLDER / file).exists() for file in made["files"])
    ports = {port["name"]: str(port["containerPort"]) for port in driver["ports"]}
    assert ports["driver"] == PROPERTIES["spark.driver.port"]
    assert ports["blocks"] == PROPERTIES["spark.driver.blockManager.port"]
    template = PROPERTIES["spark.kubernetes.executor.podTemplateContainerName"]
    assert container(template)["command"][0] == "bash"
