"""What a query may say, and what it may not: attempts to reach anything but the permitted tables, each refused."""

# ruff: noqa: S608 - queries are what is tested

import pyarrow as pa
import pytest

from fink_lib.api.http.errors import Refused
from fink_lib.vo.adql.compile import MOST_CHARACTERS, compiled
from fink_lib.vo.fields import Field
from fink_lib.vo.tables import VoTable

FIELDS = tuple(Field(name, pa.float64()) for name in ("ra", "dec", "hpx", "magpsf", "object_id"))
TABLES = {"ztf.sources": VoTable("ztf", "sources", "", FIELDS)}

OWN = '"cte_live_ztf"'  # a table of the query itself is never one of ours
ESCAPES = {
    # files and addresses
    "SELECT * FROM read_parquet('/etc/passwd')": "is no table",
    "SELECT * FROM read_csv('/etc/passwd')": "is no table",
    "SELECT * FROM read_text('/etc/passwd')": "is no table",
    "SELECT * FROM read_blob('/proc/self/environ')": "is no table",
    "SELECT * FROM glob('/**')": "is no table",
    "SELECT * FROM 'secret.parquet'": "there is no table",
    'SELECT * FROM "/etc/passwd"': "there is no table",
    "SELECT * FROM 'https://example.org/x.csv'": "there is no table",
    "SELECT * FROM parquet_metadata('x')": "is no table",
    "SELECT * FROM delta_scan('/lake')": "is no table",
    "SELECT read_text('/etc/passwd')": "no function READ_TEXT",
    "SELECT getenv('HOME')": "no function GETENV",
    # other statements
    "COPY (SELECT 1) TO '/tmp/x'": "is no query",
    "COPY ztf.sources TO '/tmp/x'": "is no query",
    "ATTACH '/tmp/x.db' AS x": "not understood",
    "PRAGMA database_list": "is no query",
    "SET memory_limit = '100GB'": "is no query",
    "INSTALL httpfs": "is no query",
    "LOAD httpfs": "is no query",
    "EXPORT DATABASE '/tmp/x'": "not understood",
    "CREATE TABLE x AS SELECT 1": "is no query",
    "DROP TABLE ztf.sources": "is no query",
    "DELETE FROM ztf.sources": "is no query",
    "UPDATE ztf.sources SET ra = 1": "is no query",
    "INSERT INTO ztf.sources VALUES (1)": "is no query",
    "SELECT 1; DROP TABLE ztf.sources": "2 statements",
    "CALL pragma_version()": "is no query",
    "EXPLAIN SELECT 1": "is no query",
    "DESCRIBE ztf.sources": "is no query",
    "SHOW TABLES": "is no query",
    "VALUES (1)": "is no query",
    # other tables
    "SELECT * FROM live_ztf": "there is no table",
    "SELECT * FROM sources": "there is no table",
    "SELECT * FROM main.live_ztf": "there is no table",
    "SELECT * FROM memory.main.live_ztf": "ADQL has no TABLE with CATALOG",
    "SELECT * FROM information_schema.tables": "there is no table",
    "SELECT * FROM duckdb_settings()": "is no table",
    "SELECT * FROM duckdb_secrets()": "is no table",
    "SELECT * FROM query('SELECT 1')": "is no table",
    "SELECT * FROM query_table('live_ztf')": "is no table",
    "SELECT * FROM range(1000000000)": "is no table",
    "SELECT * FROM unnest([1])": "ADQL has no",
    "SELECT * FROM ztf.sources WHERE ra IN (SELECT ra FROM live_ztf)": "there is no table",
    "WITH x AS (SELECT * FROM live_ztf) SELECT * FROM x": "there is no table",
    "WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT 1 FROM x) SELECT * FROM x": "WITH with RECURSIVE",
    "SELECT * FROM ztf.sources NATURAL JOIN live_ztf": "there is no table",
    # functions and forms that cost, or tell what is inside
    "SELECT repeat('x', 2000000000)": "no function REPEAT",
    "SELECT lpad('x', 2000000000, 'y')": "no function LPAD",
    "SELECT string_agg(object_id, ',') FROM ztf.sources": "no function STRING_AGG",
    "SELECT list(ra) FROM ztf.sources": "no function LIST",
    "SELECT sleep_ms(100000)": "no function SLEEP_MS",
    "SELECT current_setting('home_directory')": "no function CURRENT_SETTING",
    "SELECT random() FROM ztf.sources": "no function RANDOM",
    "SELECT nextval('x')": "no function NEXTVAL",
    "SELECT [x FOR x IN ra] FROM ztf.sources": "ADQL has no",
    "SELECT COLUMNS('.*') FROM ztf.sources": "no function COLUMNS",
    "SELECT * EXCLUDE (ra) FROM ztf.sources": "STAR with EXCEPT",
    "SELECT * REPLACE (getenv('HOME') AS ra) FROM ztf.sources": "STAR with REPLACE",
    "SELECT ra.x.y.z.w FROM ztf.sources": "ADQL has no DOT",
    "SELECT {'a': 1}": "ADQL has no STRUCT",
    "SELECT CAST('x' AS BLOB)": "no type",
    "SELECT ra::INT[] FROM ztf.sources": "ADQL has no",
    "SELECT * FROM ztf.sources TABLESAMPLE 10%": "TABLESAMPLE",
    "SELECT * FROM ztf.sources ASOF JOIN ztf.sources AS b USING (ra)": "ADQL has no",
    "SELECT x'00ff'": "not understood",
    "SELECT * FROM ztf.sources SEMI JOIN ztf.sources AS b USING (ra)": "ADQL has no",
    "SELECT * FROM ztf.sources POSITIONAL JOIN live_ztf AS b": "there is no table",
    "SELECT ra FROM ztf.sources QUALIFY 1 = 1": "ADQL has no",
    "SELECT count(*) OVER () FROM ztf.sources": "ADQL has no WINDOW",
    "SELECT (SELECT ra FROM ztf.sources LIMIT 1 OFFSET 1) INTO x": "ADQL has no",
}


def test_there_are_more_than_sixty() -> None:
    assert len(ESCAPES) >= 60


@pytest.mark.parametrize("query", ESCAPES)
def test_nothing_else_is_reached(query: str) -> None:
    with pytest.raises(Refused) as caught:
        compiled(query, TABLES)
    assert ESCAPES[query] in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "query", ["SELECT", "SELECT FROM", "SELECT * FROM ztf.sources WHERE", "'", '"', "SELECT ((((", "", ";", "\x00",
              "SELECT * FROM ztf.sources WHERE " + "(" * 3000, "SELECT 1 -- " + "x" * MOST_CHARACTERS]
)  # fmt: skip
def test_what_is_no_query_is_told(query: str) -> None:
    with pytest.raises(Refused):
        compiled(query, TABLES)


@pytest.mark.parametrize(
    ("query", "sql"),
    [
        ("select top 3 * from ztf.sources", 'SELECT * FROM "ztf"."sources" LIMIT 3'),
        ("SELECT DISTINCT TOP 3 ra FROM ZTF.Sources", 'SELECT DISTINCT "ra" FROM "ZTF"."Sources" LIMIT 3'),
        ("SELECT LOG(ra) FROM ztf.sources", 'SELECT ln(("ra")) FROM "ztf"."sources"'),
        ("SELECT COUNT(DISTINCT ra) AS n FROM ztf.sources", 'SELECT count(DISTINCT "ra") AS "n" FROM "ztf"."sources"'),
        (
            "WITH live_ztf AS (SELECT ra FROM ztf.sources) SELECT live_ztf.ra FROM live_ztf",
            f'WITH {OWN} AS (SELECT "ra" FROM "ztf"."sources") SELECT "live_ztf"."ra" FROM {OWN} AS "live_ztf"',
        ),
        ("SELECT ra FROM ztf.sources -- x\n/* y */", 'SELECT "ra" FROM "ztf"."sources"'),
        ("SELECT 'it''s' AS a FROM ztf.sources", 'SELECT \'it\'\'s\' AS "a" FROM "ztf"."sources"'),
    ],
)
def test_what_is_asked_is_asked(query: str, sql: str) -> None:
    assert compiled(query, TABLES).sql == sql
