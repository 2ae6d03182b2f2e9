# Airflow, and the drivers of the streams: drivers are processes beside Airflow, so Java and Spark are here too.
# Build from the root of the project: docker build -f docker/airflow.Dockerfile .
FROM python:3.11-slim-bookworm

# hadolint ignore=DL3008 # the distribution's security updates are wanted
RUN apt-get update \
    && apt-get install -y --no-install-recommends openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/* \
    && pip install --no-cache-dir uv==0.13.9 \
    && useradd --create-home --uid 1000 fink \
    && mkdir -p /opt/fink /var/lib/fink \
    && chown fink /opt/fink /var/lib/fink

USER 1000
WORKDIR /opt/fink
ENV PATH=/opt/fink/.venv/bin:$PATH \
    UV_PYTHON_DOWNLOADS=never

# What changes seldom comes first, so that a change of our own code fetches nothing again.
COPY --chown=1000 pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --group postgres --no-install-project --no-cache
COPY --chown=1000 fink_lib ./fink_lib
COPY --chown=1000 expectations ./expectations
RUN uv sync --frozen --no-dev --group postgres --no-cache && fink jars spark
COPY --chown=1000 dags ./dags
COPY --chown=1000 jobs ./jobs
COPY --chown=1000 docker/pools.json ./docker/pools.json

ENV AIRFLOW_HOME=/var/lib/fink/airflow \
    FINK_HOME=/var/lib/fink
VOLUME /var/lib/fink
EXPOSE 8080
CMD ["airflow", "standalone"]
