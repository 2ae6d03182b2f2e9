"""Run by the code of v0.1.0, whose names it uses: what becomes of ingest when topics do not stay as they were."""

import shutil
from typing import Any

from confluent_kafka import Producer, TopicPartition
from fink_lib.streaming.spec import Stage
from v0_1_0_bench import Bench


def deleted(bench: Bench) -> dict[str, Any]:
    """A topic that was read to its end is deleted, and that of the next night comes."""
    bench.send(0, 4)
    bench.run(Stage.INGEST)
    bench.delete()
    bench.send(4, 8, night="2")
    return {"ingest after a topic was deleted": [bench.run(Stage.INGEST), bench.run(Stage.INGEST)]}


def recreated(bench: Bench) -> dict[str, Any]:
    """A topic that was read to its end is made anew with as many messages."""
    bench.send(0, 4)
    bench.run(Stage.INGEST)
    bench.delete()
    shutil.rmtree(bench.settings.home / "1-0")
    bench.send(0, 4)
    return {"ingest of a topic made anew": [bench.run(Stage.INGEST), bench.rows("bronze")]}


def expired(bench: Bench) -> dict[str, Any]:
    """The first messages of a new topic are gone before ingest has seen it."""
    bench.send(0, 4)
    bench.run(Stage.INGEST)
    bench.send(4, 60, night="2")
    parts = bench.admin.list_topics(f"{bench.name}_2", timeout=30).topics[f"{bench.name}_2"].partitions
    for done in bench.admin.delete_records([TopicPartition(f"{bench.name}_2", part, 2) for part in parts]).values():
        done.result(30)
    return {"ingest of a topic that began before": [bench.run(Stage.INGEST), bench.rows("bronze")]}


def aborted(bench: Bench) -> dict[str, Any]:
    """A mirror sends an alert in a transaction that it gives up, then again in one that it commits."""
    producer = Producer({"bootstrap.servers": bench.settings.kafka_bootstrap, "transactional.id": bench.name})
    producer.init_transactions(60)
    for end in (producer.abort_transaction, producer.commit_transaction):
        producer.begin_transaction()
        producer.produce(f"{bench.name}_1", bench.packet(0))
        producer.flush(60)
        end(60)
    bench.run(Stage.INGEST)
    return {"rows of an alert that was sent once": bench.rows("bronze")}


SCENES = (recreated, deleted, expired, aborted)
