"""What v0.1.0 answers to every question, asked once."""

import json
from pathlib import Path
from typing import Any

import pytest
from fault_inputs import write_inputs

from fink_lib.config import Settings
from tests.releases.releases import V0_1_0


@pytest.fixture(scope="session")
def answers_of_v0_1_0(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return its answers, by question; its code runs in a process of its own."""
    folder = tmp_path_factory.mktemp("v0.1.0")
    inputs = folder / "inputs"
    inputs.mkdir()
    write_inputs(inputs)
    settings = Settings(home=folder / "home")
    told = V0_1_0.run(
        V0_1_0.lay_out(folder / "code"), Path(__file__).with_name("ask.py"), str(inputs), settings=settings
    )
    answers: dict[str, Any] = json.loads(told.splitlines()[-1])
    return answers
