"""`fink up`."""

from fink_lib.cli.common import HomeOption, load_settings, note, say


def up(home: HomeOption = None) -> None:
    """Start what a night needs: jars, Kafka, Airflow; the HTTP API; the server of short Spark jobs. What runs stays."""
    from fink_lib.host.stack import start_stack
    from fink_lib.job_server.start import is_served, start

    settings = load_settings(home)
    start_stack(settings, note)
    if is_served(settings):
        start(settings, note, ahead=True)
    say(f"home: {settings.home}  (stop with `fink down`)")
