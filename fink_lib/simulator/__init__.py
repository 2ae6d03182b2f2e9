"""Plays alert files into Kafka as a survey would, and writes the truth of what it sent."""
