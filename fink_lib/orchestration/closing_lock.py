"""Whose turn it is to close a night: one run at a time, whichever DAG it is of.

Steps leave their results in the folder of their night under one name, so two closings of the same night would mix
them. The run that came first goes through to its end; another one waits for it and then takes its turn. Nothing is
given back: the turn of a run is over when Airflow says that it no longer runs.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from fink_lib.files import replace_text
from fink_lib.locks import locked
from fink_lib.processes.identity import end_processes_of

logger = logging.getLogger(__name__)

TURN = "closing.json"
END_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Closing:
    """A run that closes a night.

    Attributes
    ----------
    dag_id, run_id
        Name it in Airflow.
    """

    dag_id: str
    run_id: str

    def token(self, night: str) -> str:
        """Return what marks every process of this run that works on a night, as ``survey.date``."""
        return f"{night}.{self.dag_id}.{self.run_id}"

    def __str__(self) -> str:
        return f"run {self.run_id} of {self.dag_id}"


def take_turn(folder: Path, night: str, mine: Closing, is_running: Callable[[Closing], bool]) -> Closing | None:
    """Take the turn to close a night; return the run that has it, when that must be waited for.

    What a run that ended left behind, because its worker was killed, is ended before its turn is taken over.

    Parameters
    ----------
    folder, night
        Folder of the night's results, and its name as ``survey.date``.
    mine
        The run that asks.
    is_running
        Tells whether a run still runs.
    """
    path = folder / TURN
    with locked(folder / f".{TURN}.lock"):
        holder = _holder(path)
        if holder == mine:
            return None
        if holder is not None:
            if is_running(holder):
                return holder
            end_processes_of(holder.token(night), END_TIMEOUT_S)
        replace_text(path, json.dumps(asdict(mine), sort_keys=True), durable=True)
    return None


def _holder(path: Path) -> Closing | None:
    """Return the run that has the turn; one whose note a power cut tore has ended with the machine."""
    try:
        return Closing(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        logger.warning("turn %s is damaged, as after a power cut: it is nobody's", path)
        return None
