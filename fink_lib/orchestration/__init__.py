"""The only place that imports Airflow: operators, triggers, assets."""
