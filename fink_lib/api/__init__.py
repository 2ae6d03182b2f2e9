"""The lake over HTTP: questions as functions that return Arrow, and the routes that ask them. No Spark, no Airflow."""
