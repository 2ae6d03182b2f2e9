"""After a change of people, groups or tables: Kafka is told who may read the topics of tables."""

from fink_lib.cli.common import note
from fink_lib.config import Settings


def settle_kafka(settings: Settings) -> None:
    """Have Kafka let those read who may now. The change itself stands, whatever Kafka answers.

    Parameters
    ----------
    settings
        Of the home; one in which nobody has such a topic needs no Kafka.
    """
    from fink_lib.errors import FinkError
    from fink_lib.host.stack import connected
    from fink_lib.served.results.book import ResultTopics

    if not ResultTopics(settings).is_used:
        return
    from fink_lib.served.results.readers import settle_readers

    try:
        settle_readers(connected(settings))
    except FinkError as error:
        note(f"Kafka still lets those read topics of tables who might before ({error}): `fink jobs topics` settles it")
