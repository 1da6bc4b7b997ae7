"""Write keras_tfjs/operations.csv: which operations TensorFlow.js computes correctly.

Each operation runs on each backend and in TensorFlow, with the inputs of
`harness/operation_probes.py`. A cell has the ranks whose results are correct for all
ordinary numbers. Wrong results go to build/operations.txt. Arguments: operations to probe again.
"""

import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from harness import ROOT, probing
from harness.operation_probes import ORDINARY, all_probes
from keras_tfjs import BACKENDS

TABLE = ROOT / "keras_tfjs/operations.csv"
HEAD = (
    """\
# Which operations TensorFlow.js 4.22 computes as TensorFlow does: their lowest and highest rank.
# Written by make docs-tfjs-operations; keras_tfjs/operations.py reads it.
operation,dtype,"""
    + ",".join(BACKENDS)
    + "\n"
)


def main() -> None:
    """Probe the operations, and write the table."""
    chosen = sys.argv[1:]
    probes = [probe for probe in all_probes() if probe.operation in chosen or not chosen]
    prepared = probing.prepare(probes)
    print(f"{len(prepared)} probes on each of {', '.join(BACKENDS)}")
    verdicts: dict[str, list[str]] = {}
    for backend in BACKENDS:
        with tempfile.TemporaryDirectory() as directory:
            verdicts[backend] = probing.run(backend, Path(directory), prepared)
        print(f"{backend}: {sum(map(bool, verdicts[backend]))} wrong", flush=True)
    lines = TABLE.read_text().splitlines()[3:] if chosen else []
    rows = [line for line in lines if line.partition(",")[0] not in chosen]
    rows += table(prepared, verdicts)
    rows.sort(key=lambda row: row.split(",")[:2])
    TABLE.write_text(HEAD + "\n".join(rows) + "\n")
    complaints = [
        f"{backend:10} {item.probe.operation} {item.dtype} rank {item.rank} "
        f"{item.probe.kind or 'ordinary'}: {verdict}"
        for backend, found in verdicts.items()
        for item, verdict in zip(prepared, found, strict=True)
        if verdict
    ]
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/operations.txt").write_text("\n".join(complaints) + "\n")
    print("Wrote keras_tfjs/operations.csv and build/operations.txt.")


def table(prepared: list[probing.Prepared], verdicts: dict[str, list[str]]) -> list[str]:
    """Return the rows: operation, dtype, and the correct ranks on each backend."""
    right: dict[tuple[str, str], dict[str, dict[int, bool]]] = defaultdict(
        lambda: {backend: {} for backend in BACKENDS}
    )
    for backend, found in verdicts.items():
        for item, verdict in zip(prepared, found, strict=True):
            if item.probe.kind in (ORDINARY, "random"):
                ranks = right[item.probe.operation, item.dtype][backend]
                ranks[item.rank] = ranks.get(item.rank, True) and not verdict
    return [
        ",".join([operation, dtype, *(ranks_text(cells[name]) for name in BACKENDS)])
        for (operation, dtype), cells in right.items()
    ]


def ranks_text(right: dict[int, bool]) -> str:
    """Return the ranks below the first wrong rank, such as 0-6; empty if the lowest is wrong."""
    last = None
    for rank in sorted(right):
        if not right[rank]:
            break
        last = rank
    return "" if last is None else f"{min(right)}-{last}"


if __name__ == "__main__":
    main()
