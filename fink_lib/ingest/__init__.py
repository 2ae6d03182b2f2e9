"""The listening stream: Kafka messages become bronze rows or quarantined messages."""
