"""Which runner starts the drivers of streams: an entry of a table, named by `FINK_STREAM_RUNNER`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from fink_lib.config import Settings
from fink_lib.processes.command import job_command
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.spec import StreamSpec

SUBMITTED = Path(__file__).with_name("submitted.py")  # not imported: it loads Spark


class SubmitRunner(LocalRunner):
    """Drivers as applications of ``spark-submit``, in its client mode: found and ended as those of `LocalRunner` are.

    What a site's ``spark-defaults.conf`` and ``spark-env.sh`` say of submitted applications holds for them.
    """

    def command(self, spec: StreamSpec) -> list[str]:
        """Return the command line that its driver is started by."""
        return [*job_command(SUBMITTED, spec.name), str(spec.job), "--stream", spec.name]


RunnerOf: TypeAlias = Callable[[Settings], LocalRunner]
RUNNERS: Mapping[str, RunnerOf] = {"local": LocalRunner, "spark-submit": SubmitRunner}


def runner_of(settings: Settings) -> LocalRunner:
    """Return who starts, finds and ends the drivers of a broker."""
    return RUNNERS[settings.stream_runner](settings)
