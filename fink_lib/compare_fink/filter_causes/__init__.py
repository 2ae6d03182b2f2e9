"""Why our filters and Fink's own select different alerts: data, no code. Each cause has a test."""

from fink_lib.compare_fink.filter_causes.cause import OUR_CHOICE, Cause, Row, Side
from fink_lib.compare_fink.filter_causes.table import CAUSES, UNEXPLAINED, cause_of

__all__ = ["CAUSES", "OUR_CHOICE", "UNEXPLAINED", "Cause", "Row", "Side", "cause_of"]
