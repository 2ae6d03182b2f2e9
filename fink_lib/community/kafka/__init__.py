"""What is said, over Kafka: one topic that others may write, and topics of what stands in the log."""
