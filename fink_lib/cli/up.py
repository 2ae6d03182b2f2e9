"""`fink up`."""

from fink_lib.cli.common import HomeOption, load_settings, note, say


def up(home: HomeOption = None) -> None:
    """Start what a night needs: jars, Kafka, Airflow. What runs already is left alone."""
    from fink_lib.host.stack import start_stack

    settings = load_settings(home)
    start_stack(settings, note)
    say(f"home: {settings.home}  (stop with `fink down`)")
