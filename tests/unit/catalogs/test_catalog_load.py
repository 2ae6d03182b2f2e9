"""A catalogue's table: sorted over all its files in pieces that fit into memory; two versions differ where they do."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from fink_lib.catalogs import load, sorting, writing
from fink_lib.catalogs.cells import CHANGE_ORDER, cells_of
from fink_lib.catalogs.changes import changed_cells, digests_of
from fink_lib.catalogs.flips import flips_of
from fink_lib.catalogs.sources import CatalogFile
from fink_lib.config import Settings
from fink_lib.lake.log import PROPERTIES
from fink_lib.lake.tables.catalogs import gold_catalog
from tests.unit.catalogs.sky_tables import catalog_table, made_sky, put_in_lake


def file_of(folder: Path, rows: int) -> CatalogFile:
    ra, dec = made_sky(rows, seed=1)
    names, labels = [f"S{row}" for row in range(rows)], [None if row % 7 == 0 else f"L{row % 5}" for row in range(rows)]
    path = folder / "made.parquet"
    pq.write_table(pa.table({"source_id": names, "ra": ra, "dec": dec, "label": labels}), path)
    return CatalogFile("made", (path,), source_id="source_id")


@pytest.mark.parametrize("bucket_rows", [700, 1_000_000])
def test_a_table_is_in_the_order_of_the_sky_in_files_of_bounded_size(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bucket_rows: int
) -> None:
    monkeypatch.setattr(sorting, "BUCKET_ROWS", bucket_rows)
    monkeypatch.setattr(sorting, "READ_ROWS", 400)
    monkeypatch.setattr(load, "ROWS_PER_FILE", 500)
    monkeypatch.setattr(writing, "ROWS_PER_GROUP", 50)
    file = file_of(tmp_path, 6_000)
    settings.home.mkdir(parents=True)
    version = load.load_catalog_table(settings, file).version
    table = DeltaTable(str(gold_catalog("made").path(settings.lake)), version=version.delta_version)
    actions = sorted(pa.table(table.get_add_actions(flatten=True)).to_pylist(), key=lambda row: row["path"])
    assert 12 <= len(actions) < 40
    rows = [pq.read_table(str(Path(table.table_uri.removeprefix("file://")) / one["path"])) for one in actions]
    for told, part in zip(actions, rows, strict=True):
        cells, ra = part["cell"].to_numpy(), part["ra"].to_numpy()
        assert part.num_rows == told["num_records"] <= 500
        assert (told["min.cell"], told["max.cell"]) == (cells.min(), cells.max())
        assert (told["min.ra"], told["max.ra"]) == (ra.min(), ra.max())
        assert told["null_count.source_id"] == 0
    whole = pa.concat_tables(rows)
    assert (np.diff(whole["cell"].to_numpy()) >= 0).all()
    there = whole.drop_columns("cell").select(["source_id", "ra", "dec", "label"]).sort_by("source_id")
    assert there.to_pylist() == pq.read_table(file.paths[0]).sort_by("source_id").to_pylist()
    assert not list(settings.home.glob("catalog-*"))


def test_a_table_is_made_with_all_that_its_spec_tells(settings: Settings, tmp_path: Path) -> None:
    settings.home.mkdir(parents=True)
    load.load_catalog_table(settings, file_of(tmp_path, 120))
    spec = gold_catalog("made")
    log = (spec.path(settings.lake) / "_delta_log" / f"{0:020}.json").read_text().splitlines()
    (meta,) = (line["metaData"] for line in map(json.loads, log) if "metaData" in line)
    told = {"delta.appendOnly": "false", "delta.dataSkippingNumIndexedCols": "4", **PROPERTIES, **spec.properties}
    assert meta["configuration"] == told
    assert meta["description"] == spec.comment


def replaced(rows: pa.Table, name: str, at: dict[int, object]) -> pa.Table:
    values = rows[name].to_pylist()
    for row, value in at.items():
        values[row] = value
    column = rows.schema.get_field_index(name)
    return rows.set_column(column, name, pa.array(values, rows.schema.field(name).type))


def test_two_versions_differ_in_the_cells_of_what_changed(tmp_path: Path) -> None:
    rows = catalog_table(*made_sky(2_400, seed=2))
    places = [int(one) >> 2 * (11 - CHANGE_ORDER) for one in rows["cell"].to_pylist()]
    folder, first = put_in_lake(rows, tmp_path, 3)

    def differ(other: pa.Table) -> list[int]:
        return changed_cells(folder, first, put_in_lake(other, tmp_path, 5)[1])

    mixed = rows.take(pa.array(np.random.default_rng(3).permutation(rows.num_rows)))
    assert differ(mixed) == []
    assert differ(replaced(rows, "label", {5: "CV", 900: None})) == sorted({places[5], places[900]})
    assert differ(rows.slice(1)) == [places[0]]
    assert differ(pa.concat_tables([rows, rows.slice(7, 2)])) == sorted({places[7], places[8]})
    assert differ(replaced(rows, "ra", {70: np.nextafter(rows["ra"][70].as_py(), 400.0)})) == [places[70]]
    # Two sources of a cell that change their labels with each other
    told = rows["label"].to_pylist()
    one = next(row for row in range(1, len(told)) if places[row] == places[row - 1] and told[row] != told[row - 1])
    two = one - 1
    swapped = {one: rows["label"][two].as_py(), two: rows["label"][one].as_py()}
    assert differ(replaced(rows, "label", swapped)) == [places[one]]


def test_each_column_and_each_kind_of_nothing_has_its_own_digest() -> None:
    columns = {"source_id": ["a", "b", None, "", "a", "a"], "ra": [1.0, 1.0, 1.0, 1.0, 2.0, 3.0]}
    columns |= {"dec": [2.0, 2.0, 2.0, 2.0, 1.0, 1.0], "label": ["b", "a", "a", "a", None, ""]}
    (batch,) = pa.table(columns).to_batches()
    assert len(set(digests_of(batch).tolist())) == 6
    zeros = pa.table({"source_id": ["a", "a"], "ra": [0.0, -0.0], "dec": [0.0, 0.0], "label": ["b", "b"]})
    assert len(set(digests_of(zeros.to_batches()[0]).tolist())) == 1


def test_cells_that_differ_are_of_the_order_that_versions_are_compared_by(tmp_path: Path) -> None:
    ra, dec = made_sky(240, seed=4)
    folder, first = put_in_lake(catalog_table(ra, dec), tmp_path)
    _, second = put_in_lake(catalog_table(ra[:-1], dec[:-1]), tmp_path)
    assert changed_cells(folder, first, second) == cells_of(ra[-1:], dec[-1:], CHANGE_ORDER).tolist()


def matches(**sources: tuple[str | None, str | None]) -> pa.Table:
    ids = [int(name[1:]) for name in sources]
    told = list(sources.values())
    names, labels = ([one[at] for one in told] for at in (0, 1))
    columns = [pa.array(ids, pa.int64()), pa.array([f"O{one}" for one in ids], pa.string())]
    columns += [pa.array(names, pa.string()), pa.array(labels, pa.string())]
    return pa.table(columns, ["alert_id", "object_id", "source_id", "label"])


def test_flips_are_gained_lost_or_changed_and_nothing_is_like_nothing() -> None:
    old = matches(a1=("S", "EW"), a2=("S", None), a3=(None, "EW"), a4=("T", "EW"), a9=("U", "EW"), a6=(None, None))
    new = matches(a8=("V", "EW"), a1=("S", "EW"), a2=("S", None), a3=("R", "EW"), a4=("T", None), a6=(None, None))
    flips = flips_of(old, new)
    assert flips.counts == {"gained": 1, "lost": 1, "changed": 2}
    assert flips.named == [
        {"kind": "changed", "alert_id": 3, "object_id": "O3", "before": {"source_id": None, "label": "EW"},
         "after": {"source_id": "R", "label": "EW"}},
        {"kind": "changed", "alert_id": 4, "object_id": "O4", "before": {"source_id": "T", "label": "EW"},
         "after": {"source_id": "T", "label": None}},
        {"kind": "gained", "alert_id": 8, "object_id": "O8", "before": None,
         "after": {"source_id": "V", "label": "EW"}},
        {"kind": "lost", "alert_id": 9, "object_id": "O9", "before": {"source_id": "U", "label": "EW"}, "after": None},
    ]  # fmt: skip
    assert flips_of(matches(), matches()).named == []
    assert flips_of(matches(), new).counts == {"gained": 6, "lost": 0, "changed": 0}


def test_a_catalogue_of_one_small_field_is_loaded(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "BUCKET_ROWS", 10)
    rng = np.random.default_rng(1)
    ra, dec = 10.68 + rng.uniform(0, 1e-3, 100), 41.27 + rng.uniform(0, 1e-3, 100)
    table = pa.table({"source_id": [f"M31 {row}" for row in range(100)], "ra": ra, "dec": dec, "label": ["Star"] * 100})
    pq.write_table(table, tmp_path / "field.parquet")
    settings.home.mkdir(parents=True)
    loaded = load.load_catalog_table(
        settings, CatalogFile("field", (tmp_path / "field.parquet",), source_id="source_id")
    )
    assert loaded.version.rows == 100
    assert DeltaTable(str(gold_catalog("field").path(settings.lake))).to_pyarrow_table().num_rows == 100
