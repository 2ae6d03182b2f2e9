"""The small catalogues: every source is found, near enough or not at all, whatever its file looks like."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.catalogs import KNOWN, build_index, load_catalog, loader
from fink_lib.catalogs.angles import sexagesimal
from fink_lib.catalogs.reading import read_catalog
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.science.cases import known_sources
from fink_lib.science.framework.base import NO_MATCH
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import run

CACHE = Settings().cache
ARCSEC = 1.0 / 3600.0
ROWS = {
    "3hsp": 2013,
    "4lac": 3407 + 407,
    "mangrove": 295_341,
    "spicy": 117_446,
    "symbiotic_cv": 2857,
    "magnetic_cv": 245,
    "tde": 44,
    "dwarf_agn": 16,
    "tns": 2,
    "tns_entries": 3,
}


def positions(name: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the position of every indexed source, in degrees, in the order of the index."""
    x, y, z = load_catalog(name, CACHE, folder).index.vectors.T
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


@pytest.mark.parametrize("name", sorted(ROWS))
def test_every_source_is_found_at_its_place_and_not_beyond_the_radius(name: str, shared_data: Path) -> None:
    folder = shared_data / "catalogs"
    catalog = load_catalog(name, CACHE, folder)
    assert catalog.facts.rows == ROWS[name] == len(catalog.index.key)
    ra, dec = positions(name, folder)
    chosen = np.random.default_rng(1).permutation(len(ra))[:1500]
    rows, separation = catalog.nearest(ra[chosen], dec[chosen])
    assert (separation < 1e-3).all()
    found_ra, found_dec = ra[np.argsort(catalog.index.rows)][rows], dec[np.argsort(catalog.index.rows)][rows]
    np.testing.assert_allclose(found_dec, dec[chosen], atol=1e-7)
    np.testing.assert_allclose(np.cos(np.radians(found_ra - ra[chosen])), 1.0, atol=1e-9)
    lone = build_index(ra[chosen[:1]], dec[chosen[:1]])
    limit = KNOWN[name].radius_arcsec
    away = np.array([limit - 0.01, limit + 0.01]) * ARCSEC
    towards_equator = -np.sign(dec[chosen[0]]) or 1.0
    near, _ = lone.nearest(np.full(2, ra[chosen[0]]), dec[chosen[0]] + towards_equator * away, limit)
    assert near.tolist() == [0, -1]


def test_positions_agree_with_astropy(shared_data: Path) -> None:
    """Sexagesimal files: south of the equator, above all at -00 degrees, signs are easily lost."""
    from astropy.coordinates import SkyCoord

    path = shared_data / "catalogs" / "symbiotic_and_cataclysmic.parquet"
    raw = pq.read_table(path)
    table = read_catalog(KNOWN["symbiotic_cv"], [path])
    sky = SkyCoord(raw["RA(J2000)"].to_pylist(), raw["DEC(J2000)"].to_pylist(), unit=("hourangle", "deg"))
    np.testing.assert_allclose(table["ra"].to_numpy(), sky.ra.deg, atol=1e-9)
    np.testing.assert_allclose(table["dec"].to_numpy(), sky.dec.deg, atol=1e-9)
    assert any(text.startswith("-00") for text in raw["DEC(J2000)"].to_pylist())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-00 32 57.2", -(32 / 60 + 57.2 / 3600)),
        ("+59:18:45.9", 59 + 18 / 60 + 45.9 / 3600),
        ("12h30m", 12.5),
        ("7", 7.0),
        ("", np.nan),
        (None, np.nan),
        ("1 2 3 4", np.nan),
        ("east", np.nan),
    ],
)
def test_sexagesimal(text: str | None, expected: float) -> None:
    assert sexagesimal(text) == pytest.approx(expected, nan_ok=True)


def test_a_csv_with_windows_line_ends_padding_quotes_and_a_short_row(tmp_path: Path) -> None:
    path = tmp_path / "magnetic_cataclysmic_variables.csv"
    body = 'Name,RA(J2000),DEC(J2000),Radius,magnitude\r\n"  AM Her  " , 18 16 13.3,+49 52 04 ,0.5,\r\n\r\nbroken\r\n'
    path.write_bytes(b"\xef\xbb\xbf" + body.encode())
    table = read_catalog(KNOWN["magnetic_cv"], [path])
    assert table["label"].to_pylist() == ["AM Her"]
    assert table["ra"][0].as_py() == pytest.approx(274.0554167)


def test_a_snapshot_of_the_transient_name_server_as_it_is_published(tmp_path: Path) -> None:
    path = tmp_path / "tns_public_objects.csv"
    path.write_text(
        '"2026-11-22 00:00:00"\n"objid","name_prefix","name","ra","declination","redshift","typeid","type"\n'
        '"1","SN","2026abc","0.0000010","-45.5","0.05","3","SN Ia"\n"2","AT","2026abd","10","20","","",""\n'
    )
    catalog = load_catalog("tns", tmp_path / "cache", path)
    rows, separation = catalog.nearest(np.array([359.9999, 10.0]), np.array([-45.5, 20.0]))
    assert rows.tolist() == [0, -1]
    assert separation[0] == pytest.approx(0.2549, abs=1e-3)
    assert catalog.label_of(rows, "").tolist() == ["SN Ia", ""]
    assert catalog.texts_of("fullname", rows, NO_MATCH).tolist() == ["SN 2026abc", NO_MATCH]
    assert catalog.numbers_of("redshift", rows).tolist() == pytest.approx([0.05, np.nan], nan_ok=True)
    assert catalog.facts.version == "file tns_public_objects.csv"
    entries = load_catalog("tns_entries", tmp_path / "cache", path)
    rows, _ = entries.nearest(np.array([359.9999, 10.0]), np.array([-45.5, 20.0]))
    assert entries.label_of(rows, NO_MATCH).tolist() == ["SN 2026abc", "AT 2026abd"]
    assert entries.texts_of("type", rows, NO_MATCH).tolist() == ["SN Ia", ""]


def test_blazars_are_matched_where_their_counterparts_are(shared_data: Path) -> None:
    """4FGL J0001.2+4741: the counterpart lies 67 arcsec from the gamma rays, where v0.1.0 looked within 60."""
    catalog = load_catalog("4lac", CACHE, shared_data / "catalogs")
    rows, separation = catalog.nearest(np.array([0.3293408, 0.3126]), np.array([47.7002018, 47.6859]))
    assert catalog.label_of(rows, NO_MATCH)[1] == NO_MATCH
    assert separation[0] < 1.0


def test_an_entry_of_tns_without_a_type_is_in_tns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """v0.1.0 dropped every entry without a type, nearly all of them, and `in_tns` selected none."""
    path = tmp_path / "tns_public_objects.csv"
    path.write_text(
        '"objid","name_prefix","name","ra","declination","redshift","type"\n"2","AT","2026abd","10","20","",""\n'
    )
    monkeypatch.setenv("FINK_TNS_SNAPSHOT", str(path))
    batch = AlertBatch(np.arange(1), np.arange(2), {"ra": np.array([10.0]), "dec": np.array([20.0])})
    found = run(modules_of("lsst", ["crossmatch_tns", "crossmatch_tns_entries"]), batch, tmp_path / "cache").columns
    assert {name: found[name][0].as_py() for name in ("tns", "tns_fullname", "tns_entry_type")} == {
        "tns": "", "tns_fullname": "AT 2026abd", "tns_entry_type": "",
    }  # fmt: skip


def test_a_source_with_a_radius_of_its_own_reaches_no_farther(tmp_path: Path) -> None:
    path = tmp_path / "list_dwarfs_AGN_RADEC.parquet"
    columns = {"MaNGAID": ["small", "wide"], "RA": [10.0, 50.0], "DEC": [0.0, 0.0], "Z": [0.1, None]}
    pq.write_table(pa.table({**columns, "Re_arc": [1.0, 11.0]}), path)
    catalog = load_catalog("dwarf_agn", tmp_path / "cache", tmp_path)
    rows, separation = catalog.nearest(np.array([10.0, 10.0, 50.0]), np.array([0.9, 1.1, 10.0]) * ARCSEC)
    assert rows.tolist() == [0, -1, 1]
    assert np.isnan(separation[1])


def test_a_near_source_beyond_its_own_radius_does_not_hide_a_farther_one_that_covers_the_place(tmp_path: Path) -> None:
    path = tmp_path / "list_dwarfs_AGN_RADEC.parquet"
    columns = {"MaNGAID": ["small", "wide", "none"], "RA": [10.0] * 3, "DEC": [0.0, -4.0 * ARCSEC, 8.0 * ARCSEC]}
    pq.write_table(pa.table({**columns, "Z": [0.1, 0.2, 0.3], "Re_arc": [1.0, 11.0, None]}), path)
    catalog = load_catalog("dwarf_agn", tmp_path / "cache", tmp_path)
    rows, separation = catalog.nearest(np.full(4, 10.0), np.array([0.5, 2.0, 6.5, 20.0]) * ARCSEC)
    # A source without a radius of its own has the catalogue's, 30 arcsec.
    assert rows.tolist() == [0, 1, 2, 2]
    assert separation.tolist() == pytest.approx([0.5, 6.0, 1.5, 12.0])


def test_a_newer_file_in_the_folder_comes_before_the_package(tmp_path: Path) -> None:
    table = {"ra": [1.0], "dec": [2.0], "VarType": ["RRAB      "]}
    pq.write_table(pa.table(table), tmp_path / "gcvs.parquet")
    catalog = load_catalog("gcvs", tmp_path / "cache", tmp_path)
    assert (catalog.facts.version, catalog.facts.rows, catalog.labels) == ("file gcvs.parquet", 1, ("RRAB",))
    assert load_catalog("gcvs", CACHE).facts.rows == 59_099


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'spicy'.*FINK_CATALOGS"):
        load_catalog("spicy", tmp_path)
    with pytest.raises(ConfigError, match=r"'spicy'.*not in .*FINK_CATALOGS"):
        load_catalog("spicy", tmp_path, tmp_path)
    (tmp_path / "spicy.parquet").write_bytes(b"no parquet")
    with pytest.raises(ConfigError, match=r"spicy\.parquet cannot be read"):
        load_catalog("spicy", tmp_path / "cache", tmp_path)
    pq.write_table(pa.table({"RAdeg": [1.0], "class": ["x"]}), tmp_path / "spicy.parquet")
    with pytest.raises(ConfigError, match=r"has no column 'DEdeg'; it has RAdeg, class: name its .*known\.py"):
        load_catalog("spicy", tmp_path / "other", tmp_path)
    with pytest.raises(ConfigError, match=r"spicy\.txt is none of"):
        read_catalog(KNOWN["spicy"], [tmp_path / "spicy.txt"])
    assert loader.catalog_file(KNOWN["3hsp"]).name == "3hsp.csv"
    with pytest.raises(ConfigError, match="install the package nowhere"):
        loader.catalog_files(replace(KNOWN["3hsp"], package="nowhere", file="nowhere/x.csv"))


def test_all_modules_answer_matches_misses_and_positions_that_are_none(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FINK_CATALOGS", str(shared_data / "catalogs"))
    for module, match in zip(known_sources.MODULES, known_sources.MATCHES, strict=True):
        ra, dec = positions(match.catalog, shared_data / "catalogs")
        batch = AlertBatch(
            alert_id=np.arange(4),
            offsets=np.arange(5),
            scalars={"ra": np.array([ra[0], ra[0], 1.0, np.nan]), "dec": np.array([dec[0], dec[0], -89.9, 0.0])},
        )
        outcome = run((module,), batch, tmp_path / "modules")
        assert outcome.errors == {module.name: {3: "not run: the position is not known"}}
        separation = outcome.columns[match.separation].to_pylist()
        label = outcome.columns[match.column].to_pylist()
        assert separation == [pytest.approx(0.0, abs=1e-3), pytest.approx(0.0, abs=1e-3), None, None]
        assert label[0] == label[1]
        assert label[2:] == [match.missing, None]
        if match.catalog != "mangrove":  # not every galaxy has a name of HyperLEDA
            assert label[0] not in {match.missing, ""}
        assert module.provenance is not None
        facts = module.provenance(load_catalog(match.catalog, CACHE, shared_data / "catalogs"))
        assert list(facts) == [f"catalog.{match.catalog}"]


def test_a_catalogue_that_is_not_loaded_says_so() -> None:
    module = next(module for module in known_sources.MODULES if module.name == "crossmatch_spicy")
    batch = AlertBatch(np.arange(1), np.arange(2), {"ra": np.array([1.0]), "dec": np.array([2.0])})
    outcome = run((module,), batch, CACHE)
    assert outcome.columns["spicy_class"].to_pylist() == [None]
    assert outcome.errors["crossmatch_spicy"][0] == "not run: not loaded"
