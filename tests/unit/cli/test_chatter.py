"""The terminal has what a command says; what JVMs, child processes and libraries say is in the log of the home."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from fink_lib.cli.chatter import LARGEST_LOG, LOG, keep_apart, own_terminal

# A command in a process of its own, among everything that speaks beside it
COMMAND = """
import logging, os, subprocess, sys, warnings
from types import SimpleNamespace
from fink_lib.cli import main as cli
from fink_lib.cli.common import load_settings, note, say

def jars() -> None:
    load_settings()
    say("result")
    note("progress")
    os.write(1, b"jvm on 1\\n")
    os.write(2, b"%7|librdkafka on 2\\n")
    subprocess.run([sys.executable, "-c", "print('child')"])
    logging.getLogger("py4j.java_gateway").warning("gateway is gone")
    logging.getLogger("fink_lib.some").warning("ours")
    warnings.warn("an old pandas", UserWarning)

cli.importlib = SimpleNamespace(import_module=lambda _: SimpleNamespace(jars=jars))
cli._attach = lambda app, module, name, _: app.command(name)(module.jars)
cli.main(["jars", *sys.argv[1:]])
"""
CHATTER = ("jvm on 1", "librdkafka on 2", "child", "gateway is gone", "an old pandas")


def run(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *words], env={**os.environ, "FINK_HOME": str(home)},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip


def test_chatter_is_in_the_log_and_not_on_the_terminal(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.stdout == "result\n"
    progress, warning = done.stderr.splitlines()
    assert (progress, warning.endswith("WARNING fink_lib.some ours")) == ("progress", True)
    log = (tmp_path / LOG).read_text()
    assert all(each in log for each in CHATTER)
    assert "ours" not in log


def test_where_there_is_no_home_none_is_made(tmp_path: Path) -> None:
    assert run(tmp_path / "home").stdout == "result\n"
    assert not (tmp_path / "home").exists()


def test_debug_shows_everything(tmp_path: Path) -> None:
    done = run(tmp_path, "--debug")
    assert all(each in done.stdout + done.stderr for each in CHATTER)
    assert not (tmp_path / LOG).exists()


def test_what_was_said_before_the_home_was_made_is_kept_in_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with own_terminal():
        keep_apart(home)
        os.write(2, b"first words\n")
        home.mkdir()
    assert (home / LOG).read_text() == "first words\n"


def test_a_command_that_fails_leaves_the_terminal_as_it_was(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        with own_terminal():
            keep_apart(tmp_path)
            os.write(1, b"inside\n")
            keep_apart(tmp_path)  # settings are read twice
            raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        command()
    os.write(1, b"after\n")
    keep_apart(tmp_path)  # no command runs
    os.write(1, b"and later\n")
    assert capfd.readouterr().out == "after\nand later\n"


def test_a_log_that_grew_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / LOG
    log.parent.mkdir()
    log.write_bytes(bytes(LARGEST_LOG + 1))
    with own_terminal():
        keep_apart(tmp_path)
    assert (log.stat().st_size, log.with_name(f"{log.name}.1").stat().st_size) == (0, LARGEST_LOG + 1)


def test_a_real_terminal_has_its_width_and_no_identifier_is_cut(tmp_path: Path) -> None:
    tmp_path.joinpath("logs").mkdir()
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    words = [sys.executable, "-m", "fink_lib.cli.main", "filters", "list", "--home", str(tmp_path)]
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, env=environment
    ) as it:
        os.close(theirs)
        seen = b""
        while piece := _read(mine):
            seen += piece
        assert it.stderr is not None
        assert it.stderr.read() == b""
    os.close(mine)
    lines = seen.decode().splitlines()
    assert "topic        fink_blazar_ztf" in lines
    assert 80 < max(map(len, lines)) <= 100


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # its other end is closed
        return b""


def test_a_reader_that_has_enough_is_no_error() -> None:
    listing = f"{sys.executable} -m fink_lib.cli.main filters columns"
    done = subprocess.run(
        ["bash", "-c", f"{listing} | head -1"], capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("column\ttype\tunit\tfrom\n", "")
