"""Kafka: clients, topics, who may read them, producing, reading, schema registry."""
