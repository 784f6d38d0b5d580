"""The files that run a release elsewhere are what Docker, Kubernetes and KServe read."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from modelwright.deploy.containers import PORT, host_name, running_files
from modelwright.serving.manifest import FORMAT, Manifest
from modelwright.serving.options import read_options

LABEL = 'Größe "7"-0a1b2c3d'
FILES = running_files(Manifest(format=FORMAT, name=LABEL, kind="regression", targets=("y",), inputs=()))


def documents(file: str) -> list[Any]:
    return list(yaml.safe_load_all(FILES[file].decode()))


def test_the_container_runs_the_server_as_nobody_with_four_packages() -> None:
    text = FILES["Dockerfile"].decode()
    assert int(re.findall(r"^USER (\d+):", text, re.M)[0]) >= 1000
    assert text.index("USER") < text.index("CMD [")
    assert re.findall(r"pip install.*", text) == [
        "pip install --no-cache-dir --no-compile -r requirements.txt"
    ]
    command = yaml.safe_load(re.findall(r"^CMD (.*)$", text, re.M)[0])
    assert command[:2] == ["python", "serve.py"]
    options = read_options(command[2:])
    assert (options.host, options.port, options.behind_proxy) == ("0.0.0.0", PORT, True)


def test_the_healthcheck_is_python_that_runs() -> None:
    found = re.search(
        r"HEALTHCHECK .*CMD \[\"python\", \"-c\", \\\n\s+\"(.*)\"\]", FILES["Dockerfile"].decode()
    )
    assert found
    compile(found[1], "healthcheck", "exec")


def test_kubernetes_probes_drains_and_locks_down() -> None:
    deployment, service = documents("kubernetes.yaml")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (
        deployment["spec"]["selector"]["matchLabels"] == deployment["spec"]["template"]["metadata"]["labels"]
    )
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"]
    assert service["spec"]["ports"][0]["targetPort"] == container["ports"][0]["containerPort"] == PORT
    assert deployment["metadata"]["annotations"]["modelwright/release"] == LABEL
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert pod["terminationGracePeriodSeconds"] > 15


def test_kserve_speaks_version_two() -> None:
    (service,) = documents("kserve.yaml")
    assert (service["apiVersion"], service["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    (container,) = service["spec"]["predictor"]["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/v2/health/ready"
    assert {"name": "PROTOCOL", "value": "v2"} in container["env"]


def test_compose_listens_on_this_machine_only() -> None:
    (compose,) = documents("compose.yaml")
    assert compose["services"]["model"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]


@pytest.mark.parametrize(
    "label", ["7", "---", "a" * 200 + "-0a1b2c3d", "Spam_3-0a1b2c3d", "שלום-0a1b2c3d", "x.y"]
)
def test_every_label_makes_a_name_that_kubernetes_takes(label: str) -> None:
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?|[a-z0-9]([-a-z0-9]*[a-z0-9])?", host_name(label))
    assert len(host_name(label)) <= 63
