"""Runs a job as a process of its own: its log in Airflow, its last word as the task's error."""

import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TypeAlias

from airflow.sdk.exceptions import AirflowFailException

from fink_lib.errors import JobFailed
from fink_lib.processes.command import job_command
from fink_lib.processes.endings import EXIT_FATAL
from fink_lib.processes.forked import NotForkable, fork_job

Say: TypeAlias = Callable[..., object]

READ_TIMEOUT_S = 15.0
LAST_LINES = 200
# What a job says as it ends (`fink_lib.processes.endings`); a JVM that ends after it may still write
SENTENCE = re.compile(r"^[a-z][a-z_]* failed: ")
LOG_LINE = re.compile(r"^\d{2,4}[-/]\d\d[-/]\d\d[ T]\S+ (DEBUG|INFO|WARN|WARNING)\b")


def run_child(command: Sequence[str], environment: Mapping[str, str], say: Say) -> tuple[int, str]:
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
        Exit code and the sentence that it ended with; where it said none, its last line on standard error that is no
        line of a log.
    """
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
        return _follow((process.stdout, process.stderr), process.wait, say)


def run_fork(job: Path, arguments: Sequence[str], environment: Mapping[str, str], say: Say) -> tuple[int, str]:
    """Run a job to its end in a fork of this process, or by its command where that cannot be; pass its lines on.

    Parameters
    ----------
    job, arguments, environment
        What to run.
    say
        Takes each line, as the ``info`` of a logger does.

    Returns
    -------
    tuple[int, str]
        As `run_child`.
    """
    try:
        fork = fork_job(job, arguments, environment)
    except NotForkable as why:
        say("started as a new process: %s", why)
        return run_child(job_command(job, *arguments), environment, say)
    with fork.stdout, fork.stderr:
        return _follow((fork.stdout, fork.stderr), fork.wait, say)


def _follow(streams: Sequence[IO[str] | None], wait: Callable[[], int], say: Say) -> tuple[int, str]:
    """Pass on what a process says, on stdout and stderr, until it ends; return its exit code and last word."""
    last_words: deque[str] = deque(maxlen=LAST_LINES)
    readers = [
        threading.Thread(target=_pass_on, args=(stream, words, say), daemon=True)
        for stream, words in zip(streams, (deque(maxlen=0), last_words), strict=True)
    ]
    for reader in readers:
        reader.start()
    code = wait()
    for reader in readers:
        reader.join(READ_TIMEOUT_S)
    return code, last_word(last_words)


def last_word(lines: Iterable[str]) -> str:
    """Return the sentence that a job ended with, or the last line that is not of a log; empty where there is none."""
    told = [line for line in lines if not LOG_LINE.match(line)]
    sentences = [line for line in told if SENTENCE.match(line)]
    return (sentences or told or [""])[-1]


def failure(what: str, code: int, word: str) -> Exception:
    """Return the error that a task ends with; where the job says that a retry is no use, Airflow makes none.

    Parameters
    ----------
    what
        What ran, for the sentence.
    code
        Exit code, not 0; negative when a signal ended it.
    word
        What `last_word` returned.

    Returns
    -------
    `AirflowFailException` where a retry is no use, otherwise `JobFailed`; it is for the caller to raise.
    """
    sentence = word or f"{what} ended with code {code} and without a word"
    if code < 0:
        why = ", perhaps for want of memory" if code == -signal.SIGKILL else ""
        sentence = f"{what} was ended by {signal.Signals(-code).name}{why}"
    return AirflowFailException(sentence) if code == EXIT_FATAL else JobFailed(sentence)


def _pass_on(stream: IO[str], last_words: deque[str], say: Say) -> None:
    """Log the job's lines as they come."""
    for line in stream:
        text = line.rstrip()
        if text:
            last_words.append(text)
            say("%s", text)
