"""Science modules in a process apart: one that crashes, hangs or asks for too much ends that process alone."""

from fink_lib.science.framework.isolation.limits import Limits
from fink_lib.science.framework.isolation.search import Isolated

__all__ = ["Isolated", "Limits"]
