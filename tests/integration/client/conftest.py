"""The distribute stream's bench, for a client that reads what it sent."""

from tests.streaming.distribute.conftest import bench, packets, planted_home

__all__ = ["bench", "packets", "planted_home"]
