"""The distribute stream's bench, for a client that reads what it sent."""

from tests.streaming.distribute.conftest import bench, packets

__all__ = ["bench", "packets"]
