"""Two drivers for one stream."""

import subprocess

from fink_lib.streams.loop import ExitCode
from fink_lib.streams.runner import job_environment
from fink_lib.streams.spec import Stage
from tests.kills.chaos import Chaos
from tests.kills.kind import Kind, Send


def second_driver(chaos: Chaos, send: Send) -> str:
    """Start another driver of a stream that has one; it must refuse, and the first one must go on."""
    stage = chaos.chance.choice(list(Stage))
    first = chaos.handle(stage)
    assert first is not None
    send()
    ended = subprocess.run(
        chaos.spec(stage).command,
        env=job_environment(chaos.settings, "second"),
        cwd=chaos.settings.home,
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == ExitCode.LEASE_HELD, ended.stdout
    assert chaos.handle(stage) == first
    return f"{stage}: refused"


KINDS = (Kind("two drivers for one stream", second_driver, "the second one refuses: a lease is held", is_quick=True),)
