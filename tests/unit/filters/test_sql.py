"""A predicate as Spark gets it: NaN is missing, floats are compared with floats, and nothing has no size."""

import pytest
import sqlglot

from fink_lib.filters.sql import for_spark, rewritten, survey_kinds, written

RB, MAG = "NULLIF(candidate.rb, CAST('NaN' AS FLOAT))", "NULLIF(candidate.magpsf, CAST('NaN' AS FLOAT))"
EACH = "TRANSFORM(prv_candidates.rb, each_value -> NULLIF(each_value, CAST('NaN' AS FLOAT)))"
TIME = "NULLIF(candidate.jd, CAST('NaN' AS DOUBLE))"


def anew(text: str) -> str:
    return written(rewritten(sqlglot.parse_one(text, dialect="spark"), survey_kinds("ztf")), identify=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("candidate.rb >= 0.65", f"{RB} >= CAST(0.65 AS FLOAT)"),
        ("-0.5 < candidate.rb", f"CAST(-0.5 AS FLOAT) < {RB}"),
        ("candidate.rb > 1 - 0.35", f"{RB} > CAST(1 - 0.35 AS FLOAT)"),
        ("candidate.rb IN (0.65, 1)", f"{RB} IN (CAST(0.65 AS FLOAT), 1)"),
        ("candidate.rb BETWEEN 0.65 AND 1", f"{RB} BETWEEN CAST(0.65 AS FLOAT) AND 1"),
        ("candidate.rb IS NULL", f"{RB} IS NULL"),
        ("CASE candidate.rb WHEN 0.65 THEN TRUE END", f"CASE {RB} WHEN CAST(0.65 AS FLOAT) THEN TRUE END"),
        ("COALESCE(candidate.rb, 0.1) > 0.65", f"COALESCE({RB}, CAST(0.1 AS FLOAT)) > CAST(0.65 AS FLOAT)"),
        (
            "IF(candidate.fid = 1, candidate.rb, 0.5) < 0.65",
            f"IF(candidate.fid = 1, {RB}, CAST(0.5 AS FLOAT)) < CAST(0.65 AS FLOAT)",
        ),
        (
            "candidate.magpsf - 0.5 < 18.1",
            f"NULLIF({MAG} - CAST(0.5 AS FLOAT), CAST('NaN' AS FLOAT)) < CAST(18.1 AS FLOAT)",
        ),
        # what is more precise than a float stays so
        ("candidate.jd > 2459000.5", f"{TIME} > 2459000.5"),
        ("candidate.rb / 2 > 0.3", f"NULLIF({RB} / 2, CAST('NaN' AS DOUBLE)) > 0.3"),
        ("CAST(candidate.rb AS DOUBLE) > 0.3", f"NULLIF(CAST({RB} AS DOUBLE), CAST('NaN' AS DOUBLE)) > 0.3"),
        ("candidate.rb * candidate.jd > 0.3", f"NULLIF({RB} * {TIME}, CAST('NaN' AS DOUBLE)) > 0.3"),
        ("SQRT(candidate.rb) > 0.5", f"NULLIF(SQRT({RB}), CAST('NaN' AS DOUBLE)) > 0.5"),
        # whole numbers, texts and questions about NaN
        ("candidate.nbad = 0", "candidate.nbad = 0"),
        ("objectId LIKE 'ZTF%'", "objectId LIKE 'ZTF%'"),
        ("NOT ISNAN(candidate.rb)", "NOT ISNAN(candidate.rb)"),
        # arrays
        ("SIZE(prv_candidates) < 3", "NULLIF(SIZE(prv_candidates), -1) < 3"),
        ("SIZE(prv_candidates.rb) < 3", "NULLIF(SIZE(prv_candidates.rb), -1) < 3"),
        ("ARRAY_MAX(prv_candidates.rb) > 0.9", f"ARRAY_MAX({EACH}) > CAST(0.9 AS FLOAT)"),
        ("ARRAY_CONTAINS(prv_candidates.rb, 0.65)", f"ARRAY_CONTAINS({EACH}, CAST(0.65 AS FLOAT))"),
        (
            "EXISTS(prv_candidates.rb, r -> r > 0.9)",
            "EXISTS(prv_candidates.rb, r -> NULLIF(r, CAST('NaN' AS FLOAT)) > CAST(0.9 AS FLOAT))",
        ),
        (
            "SIZE(FILTER(prv_candidates, p -> p.rb > 0.9)) > 1",
            (
                "NULLIF(SIZE(FILTER(prv_candidates, "
                "p -> NULLIF(p.rb, CAST('NaN' AS FLOAT)) > CAST(0.9 AS FLOAT))), -1) > 1"
            ),
        ),
        (
            "ARRAY_MAX(TRANSFORM(prv_candidates.rb, r -> r - 0.5)) > 0.1",
            (
                "ARRAY_MAX(TRANSFORM(prv_candidates.rb, r -> NULLIF(NULLIF(r, CAST('NaN' AS FLOAT)) - "
                "CAST(0.5 AS FLOAT), CAST('NaN' AS FLOAT)))) > CAST(0.1 AS FLOAT)"
            ),
        ),
        (
            "EXISTS(prv_candidates.jd, j -> EXISTS(prv_candidates.rb, j -> j > 0.5))",
            (
                "EXISTS(prv_candidates.jd, j -> EXISTS(prv_candidates.rb, "
                "j -> NULLIF(j, CAST('NaN' AS FLOAT)) > CAST(0.5 AS FLOAT)))"
            ),
        ),
    ],
)
def test_what_spark_gets(text: str, expected: str) -> None:
    assert anew(text) == expected


def test_identity_columns_of_every_survey_are_known() -> None:
    for survey in ("ztf", "lsst"):
        assert for_spark("ra < 360", survey) == "NULLIF(ra, CAST('NaN' AS DOUBLE)) < 360"
