"""Tables of people on disk: how much one keeps, for how long, and whose folder is looked into."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.accounts.claims import ANONYMOUS, Claims
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.maintenance.prune import prune
from fink_lib.served.private import PrivateTable, columns_of, is_private, schema_of
from fink_lib.served.private_store import DAY_S, PrivateTables, TablesFull

ADA, BOB = Claims("ada", frozenset({"sn"})), Claims("bob", frozenset({"sn"}), admin_of=frozenset({"sn"}))


@pytest.fixture
def now() -> list[float]:
    return [1_000_000.0]


@pytest.fixture
def kept(tmp_path: Path, now: list[float]) -> PrivateTables:
    return PrivateTables(Settings(home=tmp_path / "home", user_tables_mb=1, user_tables_days=2), lambda: now[0])


def add(kept: PrivateTables, tmp_path: Path, table: PrivateTable, size: int = 1) -> PrivateTable:
    rows = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"x": pa.array([b"a" * size])}), rows, compression="none", use_dictionary=False)
    return kept.keep(table, rows)


def test_each_sees_his_own_and_those_of_his_groups(kept: PrivateTables, tmp_path: Path) -> None:
    mine, ours = PrivateTable("t", "ada"), PrivateTable("t", "ada", "sn")
    for one in (mine, ours, PrivateTable("secret", "ada", used=("ztf:caltech",))):
        add(kept, tmp_path, one)
    assert [one.full_name for one in kept.visible(ADA)] == ["group_sn.t", "user_ada.t"]
    assert [one.full_name for one in kept.visible(BOB)] == ["group_sn.t"]
    assert kept.visible(ANONYMOUS) == []
    assert (kept.root.stat().st_mode & 0o777) == 0o700
    assert kept.drop(BOB, "GROUP_SN.T").owner == "ada", "he administers the group"
    with pytest.raises(ConfigError, match="no table"):
        kept.drop(BOB, "user_ada.t")


def test_who_sees_a_table_no_longer_is_told_its_name_and_drops_it(kept: PrivateTables, tmp_path: Path) -> None:
    secret = PrivateTable("secret", "ada", columns={"x": "int64"}, rows=3, used=("ztf:caltech",))
    for one in (PrivateTable("t", "ada", "sn"), secret, PrivateTable("ours", "ada", "sn", used=("ztf:caltech",))):
        add(kept, tmp_path, one, 300_000)
    left, full = Claims("ada"), Settings(home=tmp_path / "home", user_tables_per_person=3)
    assert kept.visible(left) == []
    with pytest.raises(TablesFull, match=r"drop one of group_sn.ours, group_sn.t, user_ada.secret"):
        PrivateTables(full, lambda: 1_000_000.0).room("ada", PrivateTable("new", "ada"))
    with pytest.raises(ConfigError, match="no table"):
        kept.drop(Claims("eve", frozenset({"sn"})), "group_sn.ours")
    with pytest.raises(ConfigError, match="no table"):
        kept.drop(ANONYMOUS, "group_sn.ours")
    assert kept.drop(BOB, "group_sn.ours").owner == "ada", "he administers the group, without that right"
    assert kept.drop(left, "user_ada.secret") == PrivateTable("secret", "ada"), "nothing of its rows"
    assert kept.drop(left, "group_sn.t").name == "t"
    assert kept.every() == []


def test_what_was_left_midway_goes(kept: PrivateTables, tmp_path: Path) -> None:
    one = add(kept, tmp_path, PrivateTable("t", "ada"))
    half = kept.root / "people" / "ada" / "half"
    half.mkdir()
    for folder in (half, kept.root / "people" / "ada" / "t"):
        (folder / "rows-0.parquet").touch()
    kept.tidy()
    assert [path.name for path in kept.root.rglob("rows-*")] == [one.file]
    assert not half.exists()


def test_a_table_that_replaced_the_one_to_remove_stays(kept: PrivateTables, tmp_path: Path) -> None:
    old, new = (add(kept, tmp_path, PrivateTable("t", "ada")) for _ in range(2))
    with pytest.raises(ConfigError, match="look again"):
        kept.remove(old)
    assert kept.every() == [new]
    kept.remove(new)
    assert kept.every() == []


def test_groups_of_one_schema_are_two_for_the_room_of_their_tables(kept: PrivateTables, tmp_path: Path) -> None:
    add(kept, tmp_path, PrivateTable("t", "ada", "sn-ia"), 600_000)
    with pytest.raises(TablesFull):
        add(kept, tmp_path, PrivateTable("t", "ada", "sn.ia"), 600_000)


def test_a_table_goes_when_its_time_is_over(kept: PrivateTables, tmp_path: Path, now: list[float]) -> None:
    add(kept, tmp_path, PrivateTable("t", "ada"))
    now[0] += 2 * DAY_S - 1
    assert len(kept.visible(ADA)) == 1
    now[0] += 2
    assert (kept.visible(ADA), len(list(kept.root.rglob("*.parquet")))) == ([], 1)
    settings = Settings(home=tmp_path / "home")
    assert (prune(settings, now[0])["tables"], list(kept.root.rglob("*.parquet"))) == (1, [])


def test_all_tables_of_somebody_have_room_together(kept: PrivateTables, tmp_path: Path) -> None:
    add(kept, tmp_path, PrivateTable("one", "ada"), 600_000)
    with pytest.raises(TablesFull, match=r"FINK_USER_TABLES_MB"):
        add(kept, tmp_path, PrivateTable("two", "ada", "sn"), 600_000)
    add(kept, tmp_path, PrivateTable("one", "ada"), 900_000)
    assert add(kept, tmp_path, PrivateTable("one", "bob"), 900_000).size > 900_000
    assert len(list(kept.root.rglob("*.parquet"))) == 2, "what was replaced is gone"


def test_names_are_such_as_adql_can_say() -> None:
    assert (schema_of("a.b-c_d"), schema_of("a", "g-1")) == ("user_a_b_c_d", "group_g_1")
    assert [is_private(one) for one in ("user_a.t", "group_a.t", "ztf.sources", "user_a", "user_a.b.c")] == [
        True, True, False, False, False]  # fmt: skip
    for columns in ({"count(*)": [1]}, {"_x": [1]}, {"": [1]}, {"a": [1], "A": [1]}, {"a": [b"x"]},
                    {f"x{n}": [1] for n in range(501)}):  # fmt: skip
        with pytest.raises(ConfigError):
            columns_of(pa.table(columns).schema)
