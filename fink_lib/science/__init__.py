"""One science case a file: pure functions over batches of alerts; numpy and pandas, no Spark."""
