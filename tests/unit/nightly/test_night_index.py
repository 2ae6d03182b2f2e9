"""The index of nights, and a past night that is drawn again."""

import json
from pathlib import Path

import pytest

from fink_lib.cli.main import main
from fink_lib.nightly import manifest
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.report import step as report
from fink_lib.nightly.report.night_index import entries, write_index
from fink_lib.nightly.results import Step


@pytest.fixture
def closed(good_results: NightContext) -> NightContext:
    """A night with its report and its manifest."""
    perform(good_results, Step.REPORT, report.run)
    perform(good_results, Step.MANIFEST, manifest.run)
    return good_results


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("report.html", "report.json")}


def fink(context: NightContext, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["report", *words, "--home", str(context.settings.home)])
    return int(ended.value.code or 0)


def test_the_index_lists_every_report(closed: NightContext) -> None:
    (line,) = entries(closed.settings.nights)
    assert (line["survey"], line["night"], line["verdict"]["state"]) == ("ztf", "2021-11-22", "holds")
    assert (line["counts"]["offered"], line["sent"], line["warnings"]) == (320, 123, 1)
    page = (closed.settings.nights / "index.html").read_text()
    assert 'href="ztf/2021-11-22/report.html"' in page
    assert (closed.settings.nights / line["page"]).exists()


def test_an_index_without_nights_says_so(tmp_path: Path) -> None:
    assert "No night has a report yet" in write_index(tmp_path).read_text()


@pytest.mark.parametrize("which", ["2021-11-22", "20211122", "all"])
def test_a_past_night_is_drawn_again_byte_for_byte(
    closed: NightContext, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(closed.folder)
    for path in before:
        (closed.folder / path).write_text("{}")
    (closed.folder / "report.json").write_bytes(before["report.json"])
    monkeypatch.setenv("FINK_AIRFLOW_PORT", "9999")  # Airflow has moved: the run's address is the one of its time
    assert fink(closed, which) == 0
    assert files(closed.folder) == before


def test_a_page_that_was_removed_comes_back(closed: NightContext) -> None:
    before = files(closed.folder)
    for path in before:
        (closed.folder / path).unlink()
    assert fink(closed, "2021-11-22") == 0
    assert files(closed.folder) == before


def test_a_night_that_was_never_closed_is_one_sentence(
    closed: NightContext, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fink(closed, "2020-01-01") == 2
    assert "2020-01-01 was never closed" in capsys.readouterr().err
    assert json.loads((closed.folder / "manifest.json").read_text())["ok"]
