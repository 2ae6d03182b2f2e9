"""All reasons in one table, and the one that explains a difference.

An alert that only Fink's filter selects fails at least one of our clauses: each of those must be explained.
"""

from fink_lib.compare_fink.filter_causes.cause import Row, Side
from fink_lib.compare_fink.filter_causes.rubin import RUBIN_CAUSES
from fink_lib.compare_fink.filter_causes.ztf import ZTF_CAUSES

UNEXPLAINED = "not explained"
CAUSES = (*ZTF_CAUSES, *RUBIN_CAUSES)


def cause_of(side: Side, name: str, failing: tuple[str, ...], row: Row) -> str:
    """Return why one filter of the pair selects an alert and the other does not.

    Parameters
    ----------
    side
        Whose filter selects it.
    name
        Of the filter.
    failing
        Our clauses that the alert does not meet; none for `Side.OURS`.
    row
        The alert's columns.
    """
    found = []
    for clause in failing or ("",):
        known = next((cause.told for cause in CAUSES if cause.covers(side, name, clause, row)), None)
        if known is None:
            return f"{UNEXPLAINED}: {clause}" if clause else UNEXPLAINED
        found.append(known)
    return "; ".join(dict.fromkeys(found))
