"""What `fink bench` measures: rates, latency and memory of the real drivers on packets derived from real ones."""

from fink_lib.bench.report import Report
from fink_lib.bench.run import Benchmark, BenchRequest, run_bench

__all__ = ["BenchRequest", "Benchmark", "Report", "run_bench"]
