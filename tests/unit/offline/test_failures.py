"""What failed in a run is said, what did not apply is not."""

import pyarrow as pa

from fink_lib.offline.failures import failures

MAP = pa.map_(pa.string(), pa.string())


def test_modules_that_failed_are_named_with_the_commonest_reason() -> None:
    few = [("late", "not run: fewer than 2 detections")]
    rows = [[("broken", "failed: a"), *few], [("broken", "failed: b")], [("broken", "failed: b")], few]
    rows.append([("matched", "not run: not loaded")])
    assert list(failures(pa.chunked_array([pa.array(rows, type=MAP)]))) == [
        "broken has nothing for 3 of 5 alerts: failed: b",
        "matched has nothing for 1 of 5 alerts: not run: not loaded",
    ]
