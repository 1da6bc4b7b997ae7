"""The TF_CONFIG of workers on this machine."""

import contextlib
import json
import socket
from collections.abc import Sequence


def tf_configs(jobs: Sequence[str]) -> list[str]:
    """Return the TF_CONFIG of each task of a cluster on free ports of this machine."""
    cluster: dict[str, list[str]] = {}
    for job, port in zip(jobs, _free_ports(len(jobs)), strict=True):
        cluster.setdefault(job, []).append(f"127.0.0.1:{port}")
    tasks = [{"type": job, "index": i} for job in cluster for i in range(len(cluster[job]))]
    return [json.dumps({"cluster": cluster, "task": task}) for task in tasks]


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in sockets]
