"""What people and programs say, beside a running stream: over Kafka, by a token."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from confluent_kafka import Producer

from fink_lib.accounts import people, tokens
from fink_lib.accounts.claims import Scope
from fink_lib.accounts.store import Store
from fink_lib.community.draft import Draft
from fink_lib.community.kafka.incoming import ensure_incoming
from fink_lib.community.kafka.names import INCOMING
from fink_lib.community.kafka.service import serve
from fink_lib.community.log import Log
from fink_lib.community.people import Person
from fink_lib.community.saying import say
from fink_lib.community.uploads import draft_of_upload
from fink_lib.config import Settings
from fink_lib.kafka.connection import Connection

RULE = "classified"
SAID_TOPIC = f"fink_said_{RULE}_ztf"


class Voice:
    """A program that annotates, by messages on `community_in`."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self.log = settings, Log.of(settings)
        store = Store(settings.home)
        people.add(store, "robin")
        self._secret = tokens.add(store, "robin", "classifier", days=1, scopes=[Scope.READ, Scope.WRITE])
        ensure_incoming(settings)

    def rule(self, predicate: str) -> str:
        """Make the rule; return the statement that does."""
        body = {"reaction": RULE, "kinds": ["annotation"], "annotator": "classifier", "min_probability": 0.9,
                "predicate": predicate}  # fmt: skip
        return str(
            say(self.log, Person("anna"), [Draft.of({"kind": "reaction", "survey": "ztf", "body": body})])[0][
                "statement_id"
            ]
        )

    def watch(self, list_name: str, ra: float, dec: float) -> None:
        """Upload a watch list of one place, for its owner alone."""
        raw = f"ra,dec,radius_arcsec,label\n{ra!r},{dec!r},2,mine\n".encode()
        told = {"list_name": list_name, "visibility": "person:anna"}
        say(self.log, Person("anna"), [draft_of_upload("watch_list", raw, told)])

    def watched(self) -> list[tuple[str | None, str]]:
        """Return the objects that were told of, and to whom."""
        rows = self.log.now().select(Person("anna"), kind="watch_match")
        return [(row["object_id"], row["visibility"]) for row in rows]

    def annotate(self, object_id: str, probability: float, annotator: str = "classifier") -> None:
        """Write an annotation to the topic."""
        body = {"annotator": annotator}
        told = {"kind": "annotation", "survey": "ztf", "object_id": object_id, "probability": probability, "body": body}
        producer = Producer(Connection.of(self._settings).client())
        producer.produce(INCOMING, orjson.dumps(told), headers=[("authorization", f"Bearer {self._secret}")])
        assert producer.flush(30) == 0

    def heard(self) -> int:
        """Return how many annotations stand in the log."""
        return len(self.log.now().select(Person("anna"), kind="annotation"))

    @contextmanager
    def carried(self) -> Iterator[None]:
        """Have a carrier at work."""
        ended = threading.Event()
        carrier = threading.Thread(target=serve, args=(self._settings, ended.is_set))
        carrier.start()
        try:
            yield
        finally:
            ended.set()
            carrier.join(60)
