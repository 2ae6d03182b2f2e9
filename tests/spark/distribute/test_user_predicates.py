"""Users' predicates in Spark: rewritten they mean the same, they are tried on a night, and never stop a batch."""

import datetime as dt
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from fink_lib.distribute.match import USERS, is_public, match, narrow, paths_of
from fink_lib.enrich.schema import silver_spec
from fink_lib.errors import ConfigError
from fink_lib.surveys import ZTF
from fink_lib.user_filters.running import checked, lenient, runnable, selecting
from fink_lib.user_filters.store import Action, Event
from fink_lib.user_filters.trial import Trial, attempt, why
from fink_lib.user_filters.words import FUNCTIONS, NAMED_ONLY, TYPES
from tests.spark.distribute.planted import Packet

pytestmark = pytest.mark.spark

NIGHT = dt.date(2021, 11, 22)
# One predicate or more for each function that is allowed; between them they answer yes, no and null.
EXAMPLES = {
    "abs": "abs(dec) > 20", "ceil": "ceil(candidate.magpsf) = 19", "floor": "floor(candidate.magpsf) = 18",
    "round": "round(candidate.magpsf, 1) >= 18.5", "sign": "sign(dec) < 0", "sqrt": "sqrt(dec) > 4",
    "exp": "exp(candidate.rb) > 2", "ln": "ln(dec) > 3", "log": "log(10, candidate.magpsf) > 1.27",
    "pow": "pow(candidate.rb, 2) > 0.5", "sin": "sin(ra) > 0", "cos": "cos(ra) > 0", "tan": "tan(ra) > 0",
    "asin": "asin(candidate.rb) > 0.9", "acos": "acos(candidate.rb) > 0.5", "atan": "atan(dec) > 1",
    "atan2": "atan2(dec, ra) > 0.1", "radians": "radians(ra) > 1", "degrees": "degrees(candidate.rb) > 45",
    "greatest": "greatest(candidate.rb, candidate.drb) > 0.9", "least": "least(candidate.rb, candidate.drb) > 0.9",
    "coalesce": "coalesce(gcvs_sep_arcsec, 9) < 1", "nullif": "nullif(gcvs, 'Unknown') = 'RRAB'",
    "if": "if(candidate.fid = 1, candidate.magpsf < 18, candidate.magpsf < 19)", "isnan": "isnan(candidate.magpsf)",
    "lower": "lower(gcvs) = 'rrab'", "upper": "upper(gcvs) = 'UNKNOWN'", "length": "length(gcvs) = 4",
    "startswith": "startswith(objectId, 'ZTF18')", "endswith": "endswith(objectId, 'a')",
    "contains": "contains(objectId, 'aa')", "array_max": "array_max(prv_candidates.magpsf) > 18",
    "array_min": "array_min(prv_candidates.magpsf) < 18", "size": "size(prv_candidates) > 10",
    "array_contains": "array_contains(prv_candidates.fid, 1)",
    "filter": "size(filter(prv_candidates.jd, j -> j > candidate.jd - 10)) >= 3",
    "exists": "exists(prv_candidates.magpsf, m -> m < candidate.magpsf - 0.5)",
    "transform": "array_max(transform(prv_candidates.magpsf, m -> m - candidate.magpsf)) > 0.5",
    "forall": "forall(prv_candidates.fid, f -> f in (1, 2))",
}  # fmt: skip
OPERATORS = (
    "candidate.rb / (candidate.fid - 1) > 0.5", "candidate.fid % 2 = 1", "gcvs_sep_arcsec <=> null", "-dec < 3 * 2 + 1",
    "gcvs_sep_arcsec is not null and gcvs <> 'RRAB' or roid = 3", "objectId like 'ZTF18%' or objectId like '%a_'",
    "candidate.magpsf not between 17 and 18.5", "gcvs not in ('RRAB', 'M')", "candidate.isdiffpos = 't'",
    "case when candidate.fid = 1 then candidate.rb > 0.8 when candidate.fid = 2 then true end",
    "not (candidate.rb > 0.7 and candidate.rb < 0.9)", "candidate.fid - 1 - 1 = -1", "2 - (1 - candidate.fid) > 2",
)  # fmt: skip
CASTS = {kind: f"cast(candidate.magpsf as {kind}) is not null" for kind in TYPES - {"date"}} | {
    "date": "cast('2021-11-22' as date) >= night", "try": "try_cast(objectId as int) is null",
}  # fmt: skip


@pytest.fixture(scope="module")
def silver(spark: SparkSession, planted_lake: Path) -> DataFrame:
    return silver_spec(ZTF).read(spark, planted_lake).cache()


def event(name: str, predicate: str) -> Event:
    return Event("ztf", name, 2, Action.ACTIVATE, 1, "team", "A test.", predicate, "me", dt.datetime.now(dt.UTC))


def test_every_function_that_is_allowed_has_an_example() -> None:
    assert set(EXAMPLES) == {*FUNCTIONS, *NAMED_ONLY}
    assert all(f"{name}(" in text for name, text in EXAMPLES.items())


def test_a_predicate_written_anew_answers_as_the_users_own_text(silver: DataFrame) -> None:
    texts = [*EXAMPLES.values(), *OPERATORS, *CASTS.values()]
    columns = paths_of(silver.schema)
    with lenient(silver.sparkSession):
        anew = [checked(silver, text, columns).sql for text in texts]
        both = silver.selectExpr(
            "alert_id", *(f"struct(({a}) as a, ({b}) as b)" for a, b in zip(texts, anew, strict=True))
        )
        rows = both.collect()
    assert len(rows) == 30
    seen = set()
    for place, text in enumerate(texts, start=1):
        answers = [tuple(row[place]) for row in rows]
        assert all(mine == theirs for theirs, mine in answers), text
        seen |= {answer for answer, _ in answers}
    assert seen == {True, False, None}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("abs(objectId, 2) > 1", "no SQL expression|does not fit the columns"),
        ("prv_candidates > 3", "does not fit the columns"),
        ("candidate.magpsf + 1", "is a (double|float), not true or false"),
        ("objectId", "is a string, not true or false"),
        ("array_contains(objectId, 'a')", "does not fit the columns"),
    ],
)
def test_a_predicate_that_does_not_fit_the_columns_is_refused(silver: DataFrame, text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        checked(silver, text, paths_of(silver.schema))


def test_a_trial_counts_what_each_clause_does(silver: DataFrame, packets: list[Packet]) -> None:
    public = silver.where(is_public(ZTF))
    predicate = checked(silver, "roid = 3 and gcvs = 'RRAB' and candidate.magpsf > 0", paths_of(silver.schema))
    found = attempt(public, NIGHT, predicate)
    asteroids = {
        packet["candid"] for number, packet in enumerate(packets) if number % 3 == 0 and number not in {0, 3, 6}
    }
    stars = {packet["candid"] for number, packet in enumerate(packets) if number % 6 == 0 and number not in {0, 6}}
    assert (found.alerts, found.matches) == (27, len(stars))
    assert [(one.holds, one.alone) for one in found.clauses] == [
        (len(asteroids), 0),
        (len(stars), len(asteroids - stars)),
        (27, 0),
    ]
    assert [one["alert_id"] for one in found.examples] == sorted(stars)[:5]
    assert found.match_rate == len(stars) / 27
    assert Trial(NIGHT, 0, 0, (), ()).match_rate == 0


def test_why_an_alert_was_not_selected(silver: DataFrame, packets: list[Packet]) -> None:
    public = silver.where(is_public(ZTF))
    predicate = checked(silver, "roid = 3 and gcvs_sep_arcsec < 1", paths_of(silver.schema))
    assert why(public, packets[9]["candid"], predicate) == [("`roid` = 3", True), ("`gcvs_sep_arcsec` < 1", None)]
    with pytest.raises(ConfigError, match=f"alert {packets[0]['candid']} is not among the public alerts"):
        why(public, packets[0]["candid"], predicate)  # it belongs to partners


def test_users_filters_are_evaluated_beside_those_of_the_broker(
    silver: DataFrame, packets: list[Packet], caplog: pytest.LogCaptureFixture
) -> None:
    columns = paths_of(silver.schema)
    asked = [
        event("asteroids", "roid = 3"),
        event("nothing_here", "1 / (candidate.fid - candidate.fid) > 0"),  # null for every alert
        event("of_old", "a_column_that_was_dropped = 1"),
    ]
    users = runnable(silver, asked, columns)
    assert [one.name for one, _ in users] == ["asteroids", "nothing_here"]
    assert "user filter left out filter=of_old version=1: there is no column" in caplog.text
    with lenient(silver.sparkSession):
        source = narrow(silver, ZTF, [], selecting(users))
    assert dict(source.dtypes)[USERS] == "array<string>"
    found = {one.alert_id: one.filters for one in match(source, [])}
    public = [packet for number, packet in enumerate(packets) if number % 3 == 0 and number not in {0, 3, 6}]
    assert found == {packet["candid"]: ("asteroids",) for packet in public}
