"""Run by the code of v0.1.0: every scene in a home of its own; prints, as JSON, what tables held and streams said."""

import json
import sys
from pathlib import Path
from typing import Any

import v0_1_0_checkpoints
import v0_1_0_topics
from fink_lib.spark import build_session
from v0_1_0_bench import Bench

from fink_lib.config import Settings


def main(packets: str) -> None:
    """Play the scenes with some packets."""
    settings = Settings()
    session = build_session("of-v0.1.0", settings, memory="1g")
    session.sparkContext.setLogLevel("OFF")
    found: dict[str, Any] = {}
    for scene in (*v0_1_0_topics.SCENES, *v0_1_0_checkpoints.SCENES):
        home = settings.model_copy(update={"home": settings.home / scene.__name__})
        found |= scene(Bench(scene.__name__, session, home, Path(packets)))
    session.stop()
    sys.stdout.write(f"{json.dumps(found)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
