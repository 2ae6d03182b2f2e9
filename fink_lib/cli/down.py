"""`fink down`."""

import typer

from fink_lib.cli.common import HomeOption, load_settings, say

app = typer.Typer()


@app.command()
def down(home: HomeOption = None) -> None:
    """Stop Airflow, the streams and Kafka. Tables, checkpoints and topics stay; `fink up` goes on from there."""
    from fink_lib.cli.host.stack import take_down

    take_down(load_settings(home), say)
