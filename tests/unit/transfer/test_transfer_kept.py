"""One process sends a transfer at a time, on the request and the silver that the first run had."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from fink_lib.config import Settings
from fink_lib.errors import ConfigError, LeaseHeld
from fink_lib.streams.runner import settings_environment
from fink_lib.transfer.kept import forget, keep, kept, sole_sender
from fink_lib.transfer.request import TransferRequest
from tests.unit.transfer.test_transfer_request import asked

HOLD = """
import json, sys
from fink_lib.config import Settings
from fink_lib.transfer.kept import sole_sender
from fink_lib.transfer.request import TransferRequest
with sole_sender(Settings(), TransferRequest.from_json(json.loads(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def request() -> TransferRequest:
    return asked(transfer_id="mine")


def test_a_second_process_is_refused_until_the_first_one_is_gone(settings: Settings) -> None:
    facts = TransferRequest.from_json(request().as_json())
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, json.dumps(facts.as_json())],
        env=settings_environment(settings), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(LeaseHeld, match="transfer 'mine' is being sent by another process: wait for it"),
            sole_sender(settings, request()),
        ):
            pytest.fail("two send at once")
        with sole_sender(settings, asked(transfer_id="other")):
            pass  # another transfer is nobody's business
        other.kill()
        other.wait(30)
    with sole_sender(settings, request()):
        pass


def test_a_request_is_kept_with_its_version_until_it_is_forgotten(settings: Settings) -> None:
    assert kept(settings, request()) is None
    keep(settings, request(), 7)
    later = replace(request(), asked_at=request().asked_at.replace(year=2027))
    assert kept(settings, later) == (request(), 7), "asked again, it keeps its first date"
    with pytest.raises(ConfigError, match="transfer 'mine' asks for something else already"):
        kept(settings, asked(transfer_id="mine", what="other"))
    forget(settings, request())
    forget(settings, request())
    assert kept(settings, later) is None
