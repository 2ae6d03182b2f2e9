"""The JVM of a server: one for all jobs; each has a connection, a session and a group of Spark jobs of its own."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

PORT, SECRET = "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"  # by which Spark's Python side finds a JVM that runs
LOOPBACK = "127.0.0.1"
ANSWER_TIMEOUT_S = 2.0


class Jvm:
    """A JVM that is a child of this process, and ends with it.

    Parameters
    ----------
    conf
        Spark's configuration.
    """

    def __init__(self, conf: Mapping[str, str]) -> None:
        self._conf = SparkConf(loadDefaults=False)
        self._conf.setAll(list(conf.items()))
        self._gateway: Any = launch_gateway(self._conf)  # type: ignore[no-untyped-call]
        parameters = self._gateway.gateway_parameters
        self._port, self._secret = int(parameters.port), str(parameters.auth_token)

    @property
    def is_alive(self) -> bool:
        """Whether its process is there."""
        return self._gateway.proc.poll() is None

    def let_go(self) -> None:
        """Not keep it alive: for a fork of this process."""
        self._gateway.proc.stdin.close()

    def end(self) -> None:
        """End it."""
        self._gateway.proc.stdin.close()
        self._gateway.proc.wait()

    def answers(self) -> bool:
        """Tell whether it takes connections; for a fork of this process."""
        with suppress(OSError), socket.create_connection((LOOPBACK, self._port), ANSWER_TIMEOUT_S):
            return True
        return False

    def cancel(self, group: str) -> None:
        """Stop whatever Spark does for a job, and what was still to come."""
        with suppress(Py4JError, OSError):
            self._gateway.jvm.org.apache.spark.SparkContext.getOrCreate().cancelJobGroupAndFutureJobs(group)

    def heap_share(self) -> float:
        """Return how much of its heap is in use once what nobody needs was removed, from 0 to 1."""
        self._gateway.jvm.java.lang.System.gc()
        heap = self._gateway.jvm.java.lang.Runtime.getRuntime()
        return float(heap.totalMemory() - heap.freeMemory()) / float(heap.maxMemory())

    def new_context(self) -> SparkSession:
        """Make the one Spark context and its first session; for a fork of this process, once."""
        gateway = self._connected()
        session = SparkSession(SparkContext(gateway=gateway, conf=self._conf))
        session.sparkContext.setLogLevel("WARN")
        return session

    def session(self, group: str) -> SparkSession:
        """Return a session of its own for a job; for a fork of this process, once."""
        gateway = self._connected()
        java = gateway.jvm.JavaSparkContext.fromSparkContext(gateway.jvm.org.apache.spark.SparkContext.getOrCreate())
        context = SparkContext(gateway=gateway, jsc=java, conf=SparkConf(_jconf=java.getConf()))
        context.setJobGroup(group, group)
        return SparkSession(context).newSession()

    def _connected(self) -> Any:
        """Return a connection of this process's own: what a fork inherits belongs to its parent."""
        os.environ.update({PORT: str(self._port), SECRET: self._secret})
        return launch_gateway()  # type: ignore[no-untyped-call]
