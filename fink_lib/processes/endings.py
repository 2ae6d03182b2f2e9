"""How a job of the ``jobs`` folder ends: lines on stdout, one sentence on stderr, an exit code that Airflow heeds."""

import logging
import sys
from collections.abc import Callable, Iterable

from fink_lib.errors import FinkError
from fink_lib.processes import error_summary
from fink_lib.processes.faults import Fault, fault_of

logger = logging.getLogger(__name__)

EXIT_FAILED = 2  # trying again may help
EXIT_FATAL = 3  # it cannot without a person


def run_job(name: str, work: Callable[[], Iterable[str] | None]) -> int:
    """Do the work of a job and print its lines; return an exit code, after one sentence on stderr when it fails.

    Parameters
    ----------
    name
        Name of the job, for the sentence.
    work
        Does it; the lines are printed one by one as they come.

    Returns
    -------
    0, or what `exit_code` returns.
    """
    log_to_stderr()
    try:
        for line in work() or ():
            sys.stdout.write(f"{line}\n")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        return tell_failure(name, error)
    return 0


def log_to_stderr() -> None:
    """Have log lines go where Airflow reads them."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("py4j").setLevel(logging.WARNING)  # it tells of each connection that it closes


def tell_failure(name: str, error: Exception) -> int:
    """Write why a job failed as the last line of stderr, after the trace of what nobody expected.

    Parameters
    ----------
    name
        Name of the job.
    error
        What ended it.

    Returns
    -------
    What `exit_code` returns.
    """
    if not isinstance(error, FinkError):
        logger.error("job=%s ended unexpectedly", name, exc_info=error)
    sys.stderr.write(f"{name} failed: {sentence_of(error)}\n")
    return exit_code(error)


def sentence_of(error: Exception) -> str:
    """Return an error as one line."""
    return str(error) if isinstance(error, FinkError) else error_summary.sentence_of(error)


def exit_code(error: Exception) -> int:
    """Return the exit code of a job that an error ended: of some, a retry is no use."""
    return EXIT_FATAL if fault_of(error) is Fault.LASTING else EXIT_FAILED
