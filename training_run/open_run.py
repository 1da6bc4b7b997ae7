"""Open a run with a directory."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from training_run.distribution import Workers
from training_run.run import Run
from training_run.run_directory import open_directory
from training_run.tensorboard import TensorBoard


@contextmanager
def open_run(
    path: Path,
    settings: dict[str, Any],
    changeable: Collection[str] = (),
    workers: Workers | None = None,
    *,
    local: Collection[str] = (),
    resume: bool = False,
    overwrite: bool = False,
    log_dir: str | None = None,
    max_minutes: float = 0.0,
) -> Iterator[Run]:
    """Open a run with a directory. Only the chief of the workers writes the directory.

    Args:
      path, settings, changeable, resume, overwrite: see `open_directory`.
      local: settings that may differ between workers, such as paths.
      log_dir: directory for TensorBoard.
      max_minutes: limit of the run's time; 0 for no limit. See `Run.epochs`.

    Raises:
      UserError: see `open_directory`; `log_dir` cannot be written; or the settings of a worker
        differ from the chief's.
    """
    workers = workers or Workers()
    workers.check_same_settings(settings, local)

    @contextmanager
    def open_on_chief() -> Iterator[Run]:
        opening = open_directory(path, settings, changeable, resume=resume, overwrite=overwrite)
        with opening as directory:
            yield Run(directory, workers, TensorBoard(log_dir), max_minutes)

    with ExitStack() as stack:
        run = workers.on_chief(lambda: stack.enter_context(open_on_chief()))
        run = run or Run(workers=workers, max_minutes=max_minutes)
        stack.callback(run.close)
        yield run
