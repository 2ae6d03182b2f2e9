"""`fink down`."""

from fink_lib.cli.common import HomeOption, load_settings, say


def down(home: HomeOption = None) -> None:
    """Stop API, Airflow, streams and Kafka. Tables, checkpoints and topics stay; `fink up` goes on from there."""
    from fink_lib.host.stack import stop_stack

    stop_stack(load_settings(home, any_lake=True), say)
