"""Ask v0.1.0 every question; run by its code: ``ask.py FOLDER`` prints the answers as JSON."""

import inspect
import json
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any


def questions_of(*modules: ModuleType) -> dict[str, Any]:
    """Return the questions of some modules, by name."""
    return {
        name: one
        for module in modules
        for name, one in inspect.getmembers(module, inspect.isfunction)
        if one.__module__ == module.__name__ and not name.startswith("_")
    }


def answer(question: Any, broker: ModuleType, folder: Path) -> Any:
    """Return an answer as JSON has it, or what was raised instead, and whether Python calls that an Exception."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return json.loads(json.dumps(question(broker, folder)))
    except BaseException as problem:  # noqa: BLE001 - a panic is none of Python's exceptions
        kind = "" if isinstance(problem, Exception) else " (no Exception)"
        return f"{type(problem).__name__}{kind}: {problem}".splitlines()[0].replace(f"{folder}/", "")


def main(folder: str) -> None:
    """Print the answers of v0.1.0."""
    import broker_of_v0_1_0
    import file_questions
    import proof_questions
    import science_questions
    import supervision_questions

    asked = questions_of(science_questions, file_questions, proof_questions, supervision_questions)
    answers = {name: answer(question, broker_of_v0_1_0, Path(folder)) for name, question in asked.items()}
    sys.stdout.write(f"{json.dumps(answers)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
