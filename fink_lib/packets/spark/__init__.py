"""Packets of bronze as columns of Spark."""
