"""The Kubernetes manifest of docs/scaling.md is valid."""

import json
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from lstm_text_generation.flags import TRAIN as FLAGS
from tests.support.commands import fresh_flags
from training_run import distribution

pytestmark = pytest.mark.quick

MANIFEST = Path(__file__).parents[2] / "docs/kubernetes.yaml"
DOCUMENTS = list(yaml.safe_load_all(MANIFEST.read_text()))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["kind"])
def test_manifest_is_valid(document):
    version = kubernetes_validate.latest_version()
    kubernetes_validate.validate(document, version, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**document, "spec": 1}, version, strict=True)


def test_manifest_workers_find_each_other():
    service, _, job = DOCUMENTS
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    text = container["env"][1]["value"]
    for index in range(spec["completions"]):
        assert distribution.is_valid_config(json.loads(text.replace("$(INDEX)", str(index))))
    hosts = json.loads(text.replace("$(INDEX)", "0"))["cluster"]["worker"]
    name, domain = job["metadata"]["name"], service["metadata"]["name"]
    port = service["spec"]["ports"][0]["port"]
    assert hosts == [f"{name}-{n}.{domain}:{port}" for n in range(spec["parallelism"])]
    assert pod["subdomain"] == domain
    assert service["spec"]["selector"] == {"job-name": name}
    assert container["ports"][0]["containerPort"] == port


def test_manifest_flags_are_accepted():
    (container,) = DOCUMENTS[2]["spec"]["template"]["spec"]["containers"]
    (mount,) = container["volumeMounts"]
    with fresh_flags(FLAGS):
        FLAGS.set_gnu_getopt(True)
        assert FLAGS([*container["command"], *container["args"]])[1:] == ["shakespeare"]
        assert FLAGS.resume and FLAGS.distribution == "multi_worker"
        assert FLAGS.save_path.startswith(mount["mountPath"])
