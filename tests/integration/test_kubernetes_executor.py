"""What Spark makes of the template for executors in examples/kubernetes, without a cluster."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

kubernetes_validate = pytest.importorskip(
    "kubernetes_validate", reason="make .venv/ready installs it"
)

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples/kubernetes"


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    """The pod that Spark's driver would ask Kubernetes for."""
    pyspark = importlib.util.find_spec("pyspark")
    assert pyspark and pyspark.origin
    jars = Path(pyspark.origin).parent / "jars"
    files = [EXAMPLE / "spark.properties", EXAMPLE / "executor.yaml"]
    done = subprocess.run(
        ["java", "-cp", f"{jars}/*", HERE / "programs/ExecutorPod.java", *files],
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout))


def test_kubernetes_knows_each_field_of_the_pod(pod: dict[str, Any]) -> None:
    kubernetes_validate.validate(pod, "1.37", strict=True)


def test_the_templates_command_has_each_value_that_it_names(pod: dict[str, Any]) -> None:
    (container,) = pod["spec"]["containers"]
    assert container["args"] == ["executor"]
    shell, _, script = container["command"]
    assert shell == "bash"
    given = {each["name"] for each in container["env"]}
    named = set(re.findall(r"\$(SPARK_\w+)", script))
    assert named
    assert named <= given
    assert "SPARK_JAVA_OPT_0" in given


def test_the_pod_keeps_what_the_template_forbids_and_mounts(pod: dict[str, Any]) -> None:
    (container,) = pod["spec"]["containers"]
    assert container["image"] == "flumelab-spark"
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod["spec"]["automountServiceAccountToken"] is False
    mounts = {each["mountPath"]: each.get("readOnly", False) for each in container["volumeMounts"]}
    assert mounts["/data/landing"] is True
    assert mounts["/data/checkpoint"] is False
    # Spark writes its temporary files where the template has put a volume for them.
    assert {"name": "SPARK_LOCAL_DIRS", "value": "/tmp"} in container["env"]  # noqa: S108
    assert mounts["/tmp"] is False  # noqa: S108


def test_executors_know_the_drivers_secret(pod: dict[str, Any]) -> None:
    (container,) = pod["spec"]["containers"]
    given = {each["name"]: each.get("value") for each in container["env"]}
    assert given["_SPARK_AUTH_SECRET"]
    assert "-Dspark.authenticate=true" in given.values()
