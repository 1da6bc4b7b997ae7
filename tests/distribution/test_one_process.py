"""The training command with --distribution in one process: wrong settings, and one replica."""

import json
import socket

import numpy as np
import pytest

from lstm_text_generation import train
from tests.support.bottles import SMALL
from tests.support.commands import assert_one_line, command

CLUSTER = {"cluster": {"worker": ["127.0.0.1:1"]}, "task": {"type": "worker", "index": 0}}


@pytest.mark.parametrize(
    "config",
    [
        None,
        "{",
        "[]",
        json.dumps({**CLUSTER, "task": {"type": "worker", "index": 1}}),
        json.dumps({**CLUSTER, "task": {"type": "chief", "index": 0}}),
        json.dumps({**CLUSTER, "task": {"type": "worker", "index": -1}}),
        json.dumps({**CLUSTER, "task": {"type": "worker"}}),
        json.dumps({**CLUSTER, "cluster": {"worker": "127.0.0.1:1"}}),
        json.dumps({**CLUSTER, "cluster": {"worker": [7]}}),
        json.dumps({**CLUSTER, "cluster": {"chief": [], "worker": ["127.0.0.1:1"]}}),
        json.dumps({**CLUSTER, "cluster": {"chief": ["a:1", "b:1"], "worker": ["c:1"]}}),
        json.dumps({**CLUSTER, "cluster": {"worker": ["127.0.0.1"]}}),
        json.dumps({**CLUSTER, "cluster": {"ps": ["127.0.0.1:1"], "worker": ["127.0.0.1:2"]}}),
    ],
)
def test_wrong_tf_config_is_one_line(call, monkeypatch, tmp_path, corpus, config):
    if config is None:
        monkeypatch.delenv("TF_CONFIG", raising=False)
    else:
        monkeypatch.setenv("TF_CONFIG", config)
    flags = ["--distribution=multi_worker", f"--save_path={tmp_path / 'run'}"]
    assert_one_line(call(train, corpus, *SMALL, *flags), "TF_CONFIG", '"cluster"')
    assert not list(tmp_path.iterdir())


def test_port_in_use_is_one_line(monkeypatch, tmp_path, corpus):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        config = {"cluster": {"worker": [address]}, "task": {"type": "worker", "index": 0}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        flags = ["--distribution=multi_worker", f"--save_path={tmp_path / 'run'}"]
        result = command("lstm_text_generation.train", corpus, *SMALL, *flags, timeout=60)
    line = (result.returncode, result.stdout, result.stderr.splitlines()[-1] + "\n")
    assert_one_line(line, "cannot join the cluster")
    assert not list(tmp_path.iterdir())


def test_one_mirrored_replica_equals_no_distribution(call, tmp_path, corpus):
    found = []
    for kind in ("none", "mirrored"):
        path = tmp_path / kind
        line = [corpus, *SMALL, "--epochs=1", f"--distribution={kind}", f"--save_path={path}"]
        code, _, err = call(train, *line)
        assert code == 0, err
        found.append(np.fromfile(path / "weights.bin", np.float32))
    np.testing.assert_allclose(*found, atol=1e-5)
