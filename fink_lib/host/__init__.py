"""What runs on this host: Java, jars, Kafka, Airflow, processes."""
