"""The `fink` command: finds the command asked for, and turns every known error into one sentence.

Only the module of the command that runs is imported, so that help and shell mistakes are answered at once.
"""

import importlib
import logging
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from types import FunctionType, ModuleType

import typer

from fink_lib.errors import FinkError

# Name of the command → what it does. The module of the same name in this package holds it: as a function of that
# name, or as a Typer `app` with commands of its own.
COMMANDS = {
    "up": "Start what a night needs: jars, Kafka, Airflow; and the HTTP API.",
    "down": "Stop the API, Airflow, the streams and Kafka; nothing is lost.",
    "status": "Show services, streams and nights.",
    "api": "The HTTP API of this home alone: start, stop, run in the foreground.",
    "doctor": "Tell what this machine lacks, and how to get it.",
    "night": "Play a night and follow it until it is closed.",
    "science": "List, explain and run science modules, and compare them with what Fink published.",
    "filters": "List, explain and run filters, and compare them with Fink's own.",
    "models": "Convert trained models once, and show what they are.",
    "reprocess": "Compute nights again: plan, compare, approve or discard, undo.",
    "shadow": "Run other code on the live stream, beside it, and compare.",
    "report": "Draw the report of a past night again, byte for byte.",
    "lake": "Show how the tables lie on disk; remove what no table needs.",
    "simulate": "Play alert packets into a topic, with cadence and faults.",
    "bench": "Measure rates, latency and memory on amplified real alerts.",
    "catalogs": "Catalogues in the lake: list, load, match again what changed.",
    "object": "One object: its partners in other surveys, light curves together; rebuild the table.",
    "transfer": "Past alerts to a topic of their own, downloaded by finkctl.",
    "jobs": "Jobs of people, in SQL or Python, each in a sandbox: list, show, submit, cancel.",
    "backup": "A consistent copy of the home while alerts arrive: create, check, restore.",
    "alarms": "What fires now, and every alarm with what it means and what to do.",
    "notices": "What is told of nights and filters, to whom, and what became of it.",
    "gcn": "Events seen by other messengers: notices, what stands, matches with alerts.",
    "community": "What people say about alerts and ask of facilities: statements, boards, labels, follow-up.",
    "losses": "Messages that are gone: list, accept with a reason.",
    "quarantine": "Messages that could not be used: list, show, replay, discard.",
    "airflow": "Airflow's own command, in the environment of this home.",
    "users": "People: add, let them log in, what they may see, revoke.",
    "groups": "Groups of people, and what they may see.",
    "tokens": "Tokens by which programs ask as somebody.",
    "kafka": "The local broker: start, stop, topics; users and what they may read.",
    "jars": "Fetch and check the pinned jars.",
}
HANDS_OVER = "airflow"  # its child process speaks for itself
EXIT_KNOWN_ERROR = 2
EXIT_UNKNOWN_ERROR = 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line and exit."""
    from fink_lib.cli.chatter import FORMAT, Told, own_terminal

    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    if debug or words[:1] == [HANDS_OVER]:
        logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format=FORMAT)
        _run(words, debug=debug)
        return
    logging.basicConfig(level=logging.WARNING, handlers=[Told()])
    with own_terminal():
        _run(words)


def _run(words: Sequence[str], *, debug: bool = False) -> None:
    try:
        build_app(words)(args=words, prog_name="fink")
    except FinkError as error:
        if debug:
            raise
        print(f"fink: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:
        if debug:
            raise
        sentence, code = _explain(error)
        print(f"fink: {sentence}", file=sys.stderr)
        sys.exit(code)


def build_app(words: Sequence[str]) -> typer.Typer:
    """Return the command line with the command that these words ask for, and the names of all others."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback(help="An astronomical alert broker: Airflow runs it, one Delta Lake holds it.")(_options)
    wanted = next((word for word in words if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        module = f"{__package__}.{name}"
        if find_spec(module) is None:
            continue
        if name == wanted:
            _attach(app, importlib.import_module(module), name, summary)
        else:
            app.command(name, help=summary)(_placeholder)
    return app


def _attach(app: typer.Typer, module: ModuleType, name: str, summary: str) -> None:
    """Add a module's commands: a function of the module's own name directly, others as ``fink name other``."""
    only = getattr(module, name, None)
    if isinstance(only, FunctionType):
        app.command(name, context_settings=getattr(module, "CONTEXT", None))(only)
    else:
        app.add_typer(module.app, name=name, help=summary)


def _explain(error: Exception) -> tuple[str, int]:
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from fink_lib.cli.common import settings_sentence
    from fink_lib.processes.error_summary import sentence_of

    if isinstance(error, SettingsError) or (isinstance(error, ValidationError) and error.title == "Settings"):
        return settings_sentence(error), EXIT_KNOWN_ERROR
    return f"unexpected {sentence_of(error)} (--debug shows where)", EXIT_UNKNOWN_ERROR


def _options(
    *,
    debug: bool = typer.Option(False, "--debug", help="Show traces and log lines; may stand anywhere."),
) -> None:
    """Hold the options of every command; `--debug` was taken out of the words before they came here."""


def _placeholder() -> None:
    """Stand for a command in the help; it is replaced by the command itself when that is asked for."""


if __name__ == "__main__":
    main()
