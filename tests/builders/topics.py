"""A broker as if it had just been started: a start takes two JVMs, and a run has dozens of modules that want one."""

import time

from confluent_kafka.admin import AdminClient

PATIENCE_S = 60.0
INTERNAL = "__"  # Kafka's own: where consumers are, and transactions


def delete_all_topics(bootstrap: str) -> None:
    """Delete every topic of a broker but Kafka's own, and wait until they are gone."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    deadline = time.monotonic() + PATIENCE_S
    while names := [name for name in admin.list_topics(timeout=30).topics if not name.startswith(INTERNAL)]:
        assert time.monotonic() < deadline, f"topics that do not go: {names}"
        for done in admin.delete_topics(names, operation_timeout=30).values():
            if (error := done.exception(30)) is not None and "UNKNOWN_TOPIC" not in str(error):
                raise error
        time.sleep(0.1)
