"""What a user may write as a filter, and what is refused in one clear sentence."""

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from fink_lib.errors import ConfigError
from fink_lib.filters.facts import columns_of
from fink_lib.filters.users.allowed_sql import LONGEST
from fink_lib.filters.users.predicate import parse_predicate

COLUMNS = frozenset(path for path in columns_of("ztf") if not path.startswith("cutout"))
BITS = (
    "candidate.magpsf", "roid", "prv_candidates.jd", "objectId", "<", ">=", "=", "and", "or", "not", "(", ")",
    "1", "-2.5e3", "'SN'", '"', "`", "--", "/*", "*/", ";", "select", "from", "x -> x > 1", "exists(", "case when",
    "then", "end", "in (", ",", "between", "cast(", "as double)", "as", "reflect(", "::", "interval", "{{", "}}", ":p",
    "?", "@", "||", "<=>", "like", "rlike", "lateral", "explode(", "union", "with", "values", "\\", "\n", "[0]", ".*",
    "*", "over (", "is null",
)  # fmt: skip


def test_a_predicate_is_written_anew_with_its_clauses_and_columns() -> None:
    found = parse_predicate("candidate.magpsf < 18 AND (roid = 3 or roid=2) -- bright", COLUMNS)
    assert found.text == "`candidate`.`magpsf` < 18 AND (`roid` = 3 OR `roid` = 2)"
    assert found.shown == ("`candidate`.`magpsf` < 18", "`roid` = 3 OR `roid` = 2")
    assert found.columns == ("candidate.magpsf", "roid")


@pytest.mark.parametrize(
    "text",
    [
        "exists(prv_candidates.magpsf, m -> m < candidate.magpsf - 2)",
        "size(filter(prv_candidates.jd, j -> j > candidate.jd - 1)) >= 3",
        "forall(prv_candidates.fid, f -> f in (1, 2))",
        "coalesce(cdsxmatch, 'Unknown') in ('Unknown', 'Fail') and objectId like 'ZTF18%'",
        "case when candidate.fid = 1 then candidate.magpsf < 18 else candidate.magpsf < 17 end",
        "cast(candidate.rb as float) between 0.5 and 1.0 and not isnan(candidate.magpsf)",
        "greatest(abs(candidate.ra - 12.5), pow(candidate.dec, 2)) < 1e-2",
    ],
)
def test_what_was_written_anew_reads_the_same_again(text: str) -> None:
    found = parse_predicate(text, COLUMNS)
    again = parse_predicate(found.text, COLUMNS)
    assert again == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("   \n", "is empty"),
        ("candidate.magpsf <", "no SQL expression"),
        ("((((", "no SQL expression"),
        ("candidate.magpsff < 1", "did you mean candidate.magpsf"),
        ("CANDIDATE.MAGPSF < 1", "there is no column 'CANDIDATE.MAGPSF'"),
        ("candidate.* = 1", r"there is no column 'candidate.\*'"),
        ("candidate > 1", "there is no column 'candidate'"),
        ("cutoutScience.stampData = 1", "there is no column 'cutoutScience.stampData'"),
        ("1 = 1", "reads no column"),
        ("roid = 1; drop table x", "one expression|no SQL expression"),
        ("select * from silver", "a query or a statement"),
        ("roid in (select 1)", "a query or a statement"),
        ("exists(select 1 from x)", "a query or a statement"),
        ("roid = (select max(roid) from x)", "a query or a statement"),
        ("java_method('java.lang.System', 'exit', 1) = roid", "'JAVA_METHOD"),
        ("reflect('java.lang.System', 'exit', roid)", "'REFLECT"),
        ("input_file_name() = objectId", "'INPUT_FILE_NAME"),
        ("rand() > candidate.rb", "is not allowed"),
        ("current_user() = objectId", "'CURRENT_USER"),
        ("repeat(objectId, 1000000) = objectId", "'REPEAT"),
        ("objectId rlike '(a+)+b'", "RLIKE"),
        ("explode(prv_candidates.jd) > 1", "'EXPLODE"),
        ("cast(roid as binary) = 3", "type 'BINARY' is not allowed"),
        ("roid = :p", "is not allowed"),
        ("roid = 1 as x", "is not allowed"),
        ("roid = 1 and sum(roid) over () > 2", "is not allowed"),
        ("roid = 1 \x00", "cannot be printed"),
        ("(" * 60 + "roid" + ")" * 60 + " = 1", "nests brackets deeper"),
        ("roid = 1 or " * 1000 + "roid = 2", "characters"),
        ("size(prv_candidates.jd, 2) > 3", "has no form in Spark"),
        ("roid" + "::int" * 790 + " = 1", "nested too deeply"),
        ("roid" + " <=> 1" * 600, "nested too deeply"),
        ("not " * 900 + "roid = 1", "no SQL expression"),
    ],
)
def test_what_is_refused_is_named(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        parse_predicate(text, COLUMNS)


def refusal_of(text: str) -> str:
    """Return why a text is refused; for one that is not, make sure that only allowed words are left of it."""
    try:
        found = parse_predicate(text, COLUMNS)
    except ConfigError as error:
        return str(error)
    assert set(found.columns) <= COLUMNS
    assert parse_predicate(found.text, COLUMNS).text == found.text
    return "none"


def check(text: str) -> None:
    """Whatever is thrown in: a predicate out of allowed words, or one clear sentence."""
    refusal = refusal_of(text)
    assert refusal
    assert refusal.isprintable()


@profile(max_examples=1000, deadline=None)
@given(st.binary(max_size=200))
def test_a_thousand_random_bytes(raw: bytes) -> None:
    check(raw.decode("utf-8", errors="replace"))


@profile(max_examples=1000, deadline=None)
@given(st.text(max_size=LONGEST + 10))
def test_a_thousand_random_texts(text: str) -> None:
    check(text)


@profile(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from(BITS), max_size=25))
def test_a_thousand_heaps_of_sql(bits: list[str]) -> None:
    check(" ".join(bits))


def nested(depth: int) -> str:
    text = "p0.jd > 0"
    for number in range(depth):
        text = f"exists(prv_candidates, p{number} -> {text})"
    return text


def test_loops_within_loops_are_bounded() -> None:
    columns = {"prv_candidates", "prv_candidates.jd"}
    for depth in (1, 2):
        assert parse_predicate(nested(depth), columns).columns == ("prv_candidates",)
    for depth in (3, 5):
        with pytest.raises(ConfigError, match=r"nested \d deep or more, and 2 are allowed"):
            parse_predicate(nested(depth), columns)
    side_by_side = " AND ".join([nested(2)] * 4)
    assert len(parse_predicate(side_by_side, columns).clauses) == 4
