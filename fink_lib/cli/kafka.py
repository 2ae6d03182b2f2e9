"""`fink kafka start|stop|topics`."""

from typing import Annotated

import typer
from rich import print as show
from rich.table import Table

from fink_lib.cli.common import HomeOption, load_settings, say

app = typer.Typer(no_args_is_help=True)
PortOption = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one [FINK_KAFKA_PORT]")
]


@app.command()
def start(home: HomeOption = None, port: PortOption = None) -> None:
    """Start the broker of a home and print its address."""
    from fink_lib.cli.host.jars import KAFKA, ensure_jars
    from fink_lib.cli.host.stack import local_kafka, require_room

    settings = load_settings(home, kafka_port=port)
    require_room(settings)
    ensure_jars(settings.cache, (KAFKA,), say)
    say(f"kafka: {local_kafka(settings).start()}")


@app.command()
def stop(home: HomeOption = None) -> None:
    """Stop the broker of a home; its topics stay on disk."""
    from fink_lib.cli.host.stack import local_kafka

    kafka = local_kafka(load_settings(home))
    say("kafka: stopping" if kafka.is_running() else "kafka: not running")
    kafka.stop()


@app.command()
def topics(home: HomeOption = None) -> None:
    """List the topics with their partitions and messages."""
    from fink_lib.cli.host.stack import connected
    from fink_lib.cli.host.topics import list_topics

    settings = connected(load_settings(home))
    table = Table("topic", "partitions", "messages", title=f"Kafka {settings.kafka_bootstrap}")
    for topic in list_topics(settings.kafka_bootstrap):
        table.add_row(topic.name, str(topic.partitions), str(topic.messages))
    show(table)
