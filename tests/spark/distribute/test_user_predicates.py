"""Users' predicates in Spark: rewritten they mean the same, they are tried on a night, and never stop a batch."""

import contextlib
import datetime as dt
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyspark.sql.functions as F
import pytest
from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.sql import DataFrame, SparkSession
from typer.testing import CliRunner

from fink_lib.cli.filters import app
from fink_lib.config import Settings
from fink_lib.distribute.match import USERS, is_public, match, narrow, paths_of
from fink_lib.errors import ConfigError
from fink_lib.filters.users.allowed_sql import FUNCTIONS, NAMED_ONLY, TYPES
from fink_lib.filters.users.predicate import parse_predicate
from fink_lib.filters.users.spark.known import known_of
from fink_lib.filters.users.spark.running import checked, lenient, runnable, selecting
from fink_lib.filters.users.spark.trial import Trial, attempt, judged, why
from fink_lib.filters.users.store import Action, Event
from fink_lib.lake.spark.table import read_table
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF
from tests.builders.lake_folder import lake_folder
from tests.builders.packet_rows import Packet

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
ACCEPTED = 200
SIGNS = ("<", ">=", "=", "<>", "<=>", "like")
CASTS = {kind: f"cast(candidate.magpsf as {kind}) is not null" for kind in TYPES - {"date"}} | {
    "date": "cast('2021-11-22' as date) >= night", "try": "try_cast(objectId as int) is null",
}  # fmt: skip


@pytest.fixture(scope="module")
def silver(spark: SparkSession, planted_lake: Path) -> DataFrame:
    return read_table(silver_spec(ZTF), spark, planted_lake).cache()


def event(name: str, predicate: str) -> Event:
    return Event("ztf", name, 2, Action.ACTIVATE, 1, "team", "A test.", predicate, "me", dt.datetime.now(dt.UTC))


def test_every_function_that_is_allowed_has_an_example() -> None:
    assert set(EXAMPLES) == {*FUNCTIONS, *NAMED_ONLY}
    assert all(f"{name}(" in text for name, text in EXAMPLES.items())


def test_a_predicate_written_anew_answers_as_the_users_own_text(silver: DataFrame) -> None:
    texts = [*EXAMPLES.values(), *OPERATORS, *CASTS.values()]
    columns = paths_of(silver.schema)
    with lenient(silver.sparkSession):
        anew = [checked(silver, text, columns).text for text in texts]
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


def heaps() -> Iterator[str]:
    """Yield texts out of what is allowed, whose types may fit or not."""
    chance = random.Random(7)  # noqa: S311 - the same texts each time
    atoms = (
        "candidate.magpsf",
        "objectId",
        "roid",
        "prv_candidates.jd",
        "cast(ra as int)",
        "'SN'",
        "1",
        "2.5e3",
        "null",
    )
    names = sorted(FUNCTIONS)

    def value(depth: int) -> str:
        kind = chance.randrange(4) if depth else 0
        if kind == 1:
            return f"{chance.choice(names)}({', '.join(value(depth - 1) for _ in range(chance.randint(1, 2)))})"
        if kind == 2:
            return f"({value(depth - 1)} {chance.choice('+-*/%')} {value(depth - 1)})"
        return f"-{value(depth - 1)}" if kind == 3 else chance.choice(atoms)

    while True:
        parts = [f"{value(3)} {chance.choice(SIGNS)} {value(2)}"]
        parts += [chance.choice((*OPERATORS, *EXAMPLES.values())) for _ in range(chance.randrange(3))]
        yield chance.choice((" and ", " or ", " and not ")).join(f"({part})" for part in parts)


def test_whatever_is_accepted_passes_spark_or_is_refused_in_one_sentence(silver: DataFrame) -> None:
    columns, allowed = paths_of(silver.schema), []
    for text in heaps():
        with contextlib.suppress(ConfigError):
            parse_predicate(text, columns)
            allowed.append(text)
        if len(allowed) == ACCEPTED:
            break
    refusals = []
    for text in allowed:
        try:
            checked(silver, text, columns)
        except ConfigError as error:
            refusals.append(str(error))
    assert 10 <= len(refusals) <= ACCEPTED - 10, "both answers were asked for"
    assert all(text.isprintable() and text.startswith("the predicate") for text in refusals)


@pytest.mark.parametrize(
    "text",
    [
        "roid" + "+1" * 1990 + ">0",
        "roid" + "=1" * 1990,
        "roid" + "- -1" * 900 + ">0",
        "objectId" + " like 'a'" * 390,
        "if(" * 39 + "roid=1" + ",true,false)" * 39,
        "roid=1" + " or roid=1" * 390,
    ],
)
def test_what_is_nested_too_deeply_for_spark_stops_no_stream(silver: DataFrame, text: str) -> None:
    columns = paths_of(silver.schema)
    found = runnable(silver, [event("deep", text), event("asteroids", "roid = 3")], columns)
    assert found[-1][0].name == "asteroids"
    if len(found) == 1:
        with pytest.raises(ConfigError, match=r"^the predicate (is nested|does not fit)"):
            checked(silver, text, columns)


def test_what_the_jvm_throws_is_a_refusal(silver: DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow(_sql: str) -> None:
        raise Py4JError("java.lang.StackOverflowError")

    monkeypatch.setattr("fink_lib.filters.users.spark.running.F.expr", overflow)
    with pytest.raises(ConfigError, match="the predicate is nested too deeply to be read: split the filter"):
        checked(silver, "roid = 3", paths_of(silver.schema))
    assert silver.sparkSession.conf.get("spark.sql.ansi.enabled") != "false"


class Lent:
    """The session of the tests, which a command must not end."""

    def __init__(self, session: SparkSession) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def stop(self) -> None:
        """Leave it open."""


def test_the_commands_try_activate_and_explain_a_filter(
    spark: SparkSession, planted_lake: Path, packets: list[Packet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fink_lib.lake.spark.session.build_session", lambda *_, **__: Lent(spark))
    home = Settings(home=tmp_path / "home")
    shutil.copytree(planted_lake, lake_folder(home))

    def fink(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--home", str(home.home)], env={"COLUMNS": "300"})
        if done.exception is not None:
            return str(done.exception)
        return done.output

    who = ("--owner", "team", "--description", "A test.")
    public = [packet for number, packet in enumerate(packets) if number not in {0, 3, 6}]
    one, two = sorted(packet["candid"] for packet in public)[:2]
    fink("add", "a_single_one", f"candid = {one}", *who)  # 1 of 27 is 3.7 %
    fink("add", "a_pair", f"candid in ({one}, {two}) and gcvs_sep_arcsec is null or candid = {two}", *who)
    assert "a_single_one version 1: 1 of 27 public alerts of 2021-11-22" in fink("test", "a_single_one")
    assert "a_single_one version 1: 0 of 0 public" in fink("test", "a_single_one", "--table-version", "0")
    assert fink("test", "a_single_one", "--alert", str(one)).split() == ["yes", "`candid`", "=", str(one)]
    assert fink("test", "a_single_one", "--alert", str(two)).split()[0] == "no"
    assert "is not among the public alerts" in fink("test", "a_single_one", "--alert", str(packets[0]["candid"]))
    assert "is active" in fink("activate", "a_single_one", "--reason", "as agreed")
    refused = fink("activate", "a_pair")
    assert "filter 'a_pair' selects 7.4% of 2021-11-22, more than 5%: make it narrower" in refused
    monkeypatch.setattr("fink_lib.distribute.trial_job.is_public", lambda _survey: F.lit(False))
    empty = fink("activate", "a_pair")
    assert "silver holds no public alert of 2021-11-22: how much 'a_pair' selects cannot be told" in empty
    assert "is active" in fink("activate", "a_pair", "--force")
    told = json.loads(fink("history", "--json"))
    assert sum(event["action"] == "activate" for event in told) == 2
    assert ("a_single_one", 1 / 27, "as agreed") in [(one["filter"], one["match_rate"], one["reason"]) for one in told]
    assert {line.split("\t")[1] for line in fink("history", "a_pair").splitlines()[1:]} == {"a_pair"}


def test_a_trial_counts_what_each_clause_does(silver: DataFrame, packets: list[Packet]) -> None:
    public = silver.where(is_public(ZTF))
    predicate = checked(silver, "roid = 3 and gcvs = 'RRAB' and candidate.magpsf > 0", paths_of(silver.schema))
    found = attempt(judged(public, predicate), NIGHT, predicate)
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
    assert Trial(NIGHT, 0, 0, (), ()).match_rate is None


def test_a_trial_tells_which_known_objects_it_would_have_missed(silver: DataFrame, packets: list[Packet]) -> None:
    """Planted: every sixth packet is an RRAB of GCVS, every third an asteroid; a label is about an object."""
    public = silver.where(is_public(ZTF))
    shown = [(number, packet["objectId"]) for number, packet in enumerate(packets) if number not in {0, 3, 6}]
    stars = {name for number, name in shown if number % 6 == 0}
    lost, won = min(stars), min(stars - {min(stars)})
    predicate = checked(silver, f"roid = 3 AND objectId <> '{lost}'", paths_of(silver.schema))
    labels = {lost: "SN Ia", won: "SN Ia", "none": "TDE"}
    found = {(one.source, one.value): one for one in known_of(judged(public, predicate), labels)}
    gcvs = found["gcvs", "RRAB"]
    assert (gcvs.objects, gcvs.caught, gcvs.missed) == (len(stars), len(stars) - 1, 1)
    assert (gcvs.missed_example, gcvs.caught_example) == (lost, won)
    label = found["label", "SN Ia"]
    assert (label.objects, label.caught) == (2, 1)
    assert ("label", "TDE") not in found, "it has no alert in this night"
    assert not [one for one in found.values() if one.value == "Unknown"]


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
