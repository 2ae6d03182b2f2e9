"""Why a table is not sent to a topic: what whoever asked can change, and what Kafka's operator can."""

from fink_lib.errors import ConfigError


class TooMuch(ConfigError):
    """A table has more than a topic of it may hold."""

    exit_code = 23


class NotClosed(ConfigError):
    """Kafka cannot keep others from reading a topic."""

    exit_code = 24
