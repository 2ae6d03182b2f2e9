"""Which modules failed over the alerts of a run, so that nobody takes their nulls for results."""

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from fink_lib.science.framework.base import FAILED, NOT_RUN

NOT_LOADED = f"{NOT_RUN}not loaded"


def failures(errors: pa.ChunkedArray) -> Iterator[str]:
    """Yield a sentence for each module that failed or was not loaded: for how many alerts, and why most often.

    What a module does not apply to is no failure.

    Parameters
    ----------
    errors
        The column ``science_errors`` of a run: one map (module → reason) an alert.
    """
    reasons: dict[str, Counter[str]] = {}
    for told in errors.to_pylist():
        for module, why in told:
            if why.startswith((FAILED, NOT_LOADED)):
                reasons.setdefault(module, Counter())[why] += 1
    for module, counted in reasons.items():
        why, _ = counted.most_common(1)[0]
        yield f"{module} has nothing for {counted.total()} of {len(errors)} alerts: {why}"
