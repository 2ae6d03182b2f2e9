"""Runs a job as a process of its own: its log in Airflow, its last word as the task's error."""

import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from airflow.sdk.exceptions import AirflowFailException

from fink_lib.errors import JobFailed
from fink_lib.job_run import EXIT_FATAL

READ_TIMEOUT_S = 15.0


def run_child(command: Sequence[str], environment: Mapping[str, str], say: Callable[..., object]) -> tuple[int, str]:
    """Run a command to its end in a session of its own, and pass its lines on.

    Parameters
    ----------
    command, environment
        What to run.
    say
        Takes each line, as the ``info`` of a logger does.

    Returns
    -------
    tuple[int, str]
        Exit code and the last line that it wrote on standard error.
    """
    last_words: deque[str] = deque(maxlen=1)
    with subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=dict(environment),
        start_new_session=True,
    ) as process:
        readers = [
            threading.Thread(target=_pass_on, args=(stream, words, say), daemon=True)
            for stream, words in ((process.stdout, deque(maxlen=0)), (process.stderr, last_words))
        ]
        for reader in readers:
            reader.start()
        code = process.wait()
        for reader in readers:
            reader.join(READ_TIMEOUT_S)
    return code, "".join(last_words)


def failure(what: str, code: int, last_word: str) -> Exception:
    """Return the error that a task ends with; where the job says that a retry is no use, Airflow makes none."""
    sentence = last_word or f"{what} ended with code {code} and without a word"
    return AirflowFailException(sentence) if code == EXIT_FATAL else JobFailed(sentence)


def _pass_on(stream: IO[str], last_words: deque[str], say: Callable[..., object]) -> None:
    """Log the job's lines as they come."""
    for line in stream:
        text = line.rstrip()
        if text:
            last_words.append(text)
            say("%s", text)
