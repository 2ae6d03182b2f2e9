"""`fink api`: the HTTP API of a home and its portal, without anything else of it."""

import typer

from fink_lib.cli.common import HomeOption, load_settings, say

app = typer.Typer(no_args_is_help=True, help="The HTTP API of this home alone: start, stop, run in the foreground.")


@app.command("start")
def start_command(home: HomeOption = None) -> None:
    """Start it as a process of its own, and tell its address. It reads tables: neither Kafka nor Airflow need run."""
    from fink_lib.host.api import LocalApi

    url = LocalApi(load_settings(home)).start()
    say(f"{url}/api/v1  (routes: {url}/docs; pages: {url}/)")


@app.command("stop")
def stop_command(home: HomeOption = None) -> None:
    """Stop it; requests that run are finished first."""
    from fink_lib.host.api import LocalApi

    api = LocalApi(load_settings(home))
    say("api: stopping" if api.is_running() else "api: not running")
    api.stop()


@app.command("run")
def run_command(home: HomeOption = None) -> None:
    """Run it in this terminal until it is interrupted, on FINK_API_HOST and FINK_API_PORT; for containers."""
    from fink_lib.host import ports
    from fink_lib.portal.server import serve

    settings = load_settings(home)
    port = ports.choose(settings.api_port, service="the API", setting="FINK_API_PORT")
    say(f"http://{settings.api_host}:{port}/api/v1")
    serve(settings, settings.api_host, port)
