# A Spark master or worker. Executors run the science, so everything but Airflow is here, at the same paths.
# Build from the root of the project: docker build -f docker/spark.Dockerfile .
FROM python:3.11-slim-bookworm

# hadolint ignore=DL3008 # the distribution's security updates are wanted
RUN apt-get update \
    && apt-get install -y --no-install-recommends openjdk-17-jre-headless procps \
    && rm -rf /var/lib/apt/lists/* \
    && pip install --no-cache-dir uv==0.13.9 \
    && useradd --create-home --uid 1000 fink \
    && mkdir -p /opt/fink /var/lib/fink \
    && chown fink /opt/fink /var/lib/fink

USER 1000
WORKDIR /opt/fink
# Spark's launch scripts look for pyspark with the python3 of the path.
ENV PATH=/opt/fink/.venv/bin:$PATH \
    UV_PYTHON_DOWNLOADS=never

COPY --chown=1000 pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --no-install-project --no-cache \
    --no-install-package apache-airflow \
    --no-install-package apache-airflow-core
COPY --chown=1000 fink_lib ./fink_lib
COPY --chown=1000 expectations ./expectations
RUN uv sync --frozen --no-dev --no-cache \
    --no-install-package apache-airflow \
    --no-install-package apache-airflow-core

ENV FINK_HOME=/var/lib/fink
VOLUME /var/lib/fink
EXPOSE 7077
CMD ["spark-class", "org.apache.spark.deploy.master.Master"]
