"""`fink up`."""

import typer

from fink_lib.cli.common import HomeOption, load_settings, say

app = typer.Typer()


@app.command()
def up(home: HomeOption = None) -> None:
    """Start what a night needs: jars, Kafka, Airflow. What runs already is left alone."""
    from fink_lib.cli.host.stack import bring_up

    settings = load_settings(home)
    bring_up(settings, say)
    say(f"home: {settings.home}  (stop with `fink down`)")
