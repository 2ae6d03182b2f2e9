"""What v0.1.0 answered, and what is right: question → the two; issue 14 tells of each, sections 2, 3 and 6."""

from typing import Any

import pytest

INF, NAN = float("inf"), float("nan")
HALF_A_MAGNITUDE_A_DAY = pytest.approx([-0.5, -0.73262, -0.26738, 2], abs=1e-5)
NOT_READ = "ConfigError: '{}' holds no packet of ztf"
PANIC = "PanicException (no Exception): All points of the light curve have the same time"
NESTED = (
    "ConfigError: functions over arrays are nested 3 deep or more, and 2 are allowed: each multiplies the work on an "
    "alert by the length of its history. Split the filter, or compare with a single point"
)
WAY_OUT = (
    "crossmatch failed: file part-00000-ab.c000.zstd.parquet of table gold__catalog_mine is missing or damaged "
    "(/home/lake/gold__catalog_mine): `fink catalogs load mine --again` writes it anew"
)
NO_COLUMN = (
    "ConfigError: override cut.rb cannot be used: there is no column 'candidate.rbb': did you mean candidate.rb or "
    "candidate.drb or candidate.ra?"
)
BIG = 2**53 + 1

PROOF: dict[str, tuple[Any, Any]] = {  # section 2
    "event_whose_commit_failed": ([False, 0], [True, 1]),  # "already written", though no row is there
    "transaction_markers_called_lost": (1000, 0),
    "loss_that_a_person_accepted": (1, 0),
}
STOPS: dict[str, tuple[Any, Any]] = {  # section 3
    "points_of_a_band_at_one_time": (PANIC, [None, None, True]),
    "module_returns_infinity": ([INF, {}], [None, {"toy": "failed: 'toy' is infinite"}]),
    "module_crashes": (
        "the process of all modules ended: SIGSEGV",
        "failed: the module ended its process (SIGSEGV)",
    ),
    "module_never_gives_the_gil_back": ("still busy", "failed: took longer than 0.3 s"),
    "module_asks_for_20_gb": ("it is let", "failed: OSError: [Errno 12] Cannot allocate memory"),
    "filter_of_five_nested_loops": (True, NESTED),
    # what is shown of a driver that starts again: its state, the error of those before, how many, is a person needed
    "stream_that_fails_three_times_alike": (
        ["starting", None, None, None],
        ["restarting", "ValueError: row 2", 3, True],
    ),
    "form_with_a_cut_on_no_column": ("candidate.rbb >= 0.65", NO_COLUMN),
    "pause_of_the_telescope": (1, 0),
    "last_word_of_a_job": (
        "2026-11-22 03:04:05,678 INFO py4j.clientserver Closing down clientserver connection",
        "compact failed: the disk is full",
    ),
    "damaged_catalogue_file": (
        "crossmatch failed: Py4JJavaError: An error occurred while calling o1037.save.",
        WAY_OUT,
    ),
    "night_that_quality_stopped": (
        ["THE BOOKS DO NOT BALANCE: see the report"],
        ["STAYS OPEN, for another reason than its equation: 2021-11-22: see the report", "the books balance"],
    ),
    "fifty_five_nights_one_after_the_other": (950.0, 2750.0),
    "nobody_closes_nights": ("", "; Airflow does not run, nobody closes a night: `fink up` starts it"),
}
ALERTS: dict[str, tuple[Any, Any]] = {  # section 6, from here on
    "own_point_repeated": ([None, None, None, 3], HALF_A_MAGNITUDE_A_DAY),
    "point_after_the_alert": ([None, None, None, 3], HALF_A_MAGNITUDE_A_DAY),
    "point_without_a_time": ([None, None, None, 3], HALF_A_MAGNITUDE_A_DAY),
    "infinite_magnitude": (INF, None),
    "two_points_in_one_instant": (pytest.approx(1e7), pytest.approx(0.075)),
    # kind of curve; whether a source brighter and one fainter than the reference are drawn alike, and as opposites
    "negative_difference_in_the_report": (["mag", True, False], ["flux", False, True]),
}
CATALOGS: dict[str, tuple[Any, Any]] = {  # the nightly reader, then the stream's, where there are two answers
    "catalogue_of_64_bit_ids": (
        ["4.294967296123457e+18", None, "123"],
        ["4294967296123456789", None, "000123"],
    ),
    "catalogue_of_leading_zeros": (["123", "456"], ["000123", "000456"]),
    "catalogue_with_dashes": ("ConfigError", ["a"]),
    "catalogue_in_latin_1": (["UnicodeDecodeError", "ConfigError"], [["Étoile"], ["Étoile"]]),
    "right_ascension_in_letters": (["ConfigError", [188.7333]], [[188.7333], [188.7333]]),
    "right_ascension_in_colons": (["ConfigError", [188.5]], [[188.5], [188.5]]),
    "declination_behind_a_minus_sign": (["ConfigError", ["nan"]], [[-0.5], [-0.5]]),
    "rows_that_are_short": ([["a", None, "c"], ["a", "c"]], [["a", "c"], ["a", "c"]]),
}
FILES: dict[str, tuple[Any, Any]] = {
    "three_alerts_in_a_file_offline": (NOT_READ.format("three.avro"), [1, 2, 3]),
    "three_alerts_in_a_file_in_play": (["quarantine:several_records"], ["bronze"] * 3),
    "archive_of_bzip2": (NOT_READ.format("night.tar.bz2"), 1),
    "archive_with_a_password": (["RuntimeError", False], ["ConfigError", True]),  # and whether it tells the way out
    "mail_to_the_submission_port": (["login"], ["starttls", "login"]),
    "ids_in_a_post": ({"alert_ids": [BIG]}, {"alert_ids": [BIG], "alert_ids_text": [str(BIG)]}),
}
ANSWERS = {**PROOF, **STOPS, **ALERTS, **CATALOGS, **FILES}
