"""Fixtures of several unit tests: servers that keep what they are sent."""

from tests.unit.servers import hook, mail_server

__all__ = ["hook", "mail_server"]
