"""The page: the same results give the same bytes, and what is missing is said."""

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import numpy as np
import pytest

from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.report import page
from fink_lib.nightly.report import step as report
from fink_lib.nightly.report.compare import catalog_changes
from fink_lib.nightly.results import Step, read_result, write_failure, write_result
from fink_lib.nightly.statistics.summary import CLASS
from fink_lib.render.flow import flow_svg
from fink_lib.render.plots import to_map
from fink_lib.science.framework.base import Role
from fink_lib.science.framework.registry import outputs_with


def page_of(context: NightContext) -> str:
    perform(context, Step.REPORT, report.run)
    return (context.folder / "report.html").read_text()


def test_the_same_results_give_the_same_bytes(good_results: NightContext) -> None:
    first = page_of(good_results)
    twin = (good_results.folder / "report.json").read_bytes()
    assert page_of(good_results) == first
    assert (good_results.folder / "report.json").read_bytes() == twin


def test_another_run_over_the_same_data_draws_the_same_page(good_results: NightContext) -> None:
    first = page_of(good_results)
    for step in report.SOURCES:
        facts = read_result(good_results.folder, step, "run-1")
        assert facts is not None
        write_result(good_results.folder, step, "run-2", facts)
    again = page_of(replace(good_results, run_id="run-2"))
    assert "/runs/run-2" in again
    assert again.replace("/runs/run-2", "/runs/run-1") == first  # the link to the run is all that differs


def test_the_link_leads_to_the_dag_that_ran(good_results: NightContext) -> None:
    assert f"/dags/ztf_close_night/runs/{good_results.run_id}" in page_of(good_results)
    assert "/dags/ztf_rerun_nights/runs/run-1" in page_of(replace(good_results, dag_id="ztf_rerun_nights"))


MATCHED: dict[str, Any] = {
    "catalog": "vsx",
    "catalog_version": 2,
    "from_version": 1,
    "alerts": 318,
    "matches": 61,
    "gained": 7,
    "lost": 1200,
    "changed": 0,
    "flipped": [
        {
            "kind": "lost",
            "alert_id": 4000 + at,
            "object_id": f"ZTF21a{at}",
            "before": {"source_id": "S<1>", "label": "RRAB"},
            "after": None,
        }
        for at in range(9)
    ],
}


def test_catalogues_are_told_with_what_their_versions_changed(good_results: NightContext) -> None:
    unchanged = {**MATCHED, "catalog": "gcvs", "catalog_version": 1, "from_version": None, "flipped": []}
    facts = {"catalogs": [MATCHED, unchanged], "previous": {"vsx": 1, "gcvs": 1, "tns": 4}}
    write_result(good_results.folder, Step.CROSSMATCH, "run-1", facts)
    text = page_of(good_results)
    twin = json.loads((good_results.folder / "report.json").read_text())
    assert [(one["what"], one["kind"]) for one in twin["changes"]] == [
        ("matched with tns", "gone"),
        ("matched with vsx", "changed"),
    ]
    assert "1,200" in text
    assert "ZTF21a4" in text
    assert "ZTF21a5" not in text  # five examples are enough for a page
    assert "RRAB → no match" in text
    assert len(twin["crossmatch"]["catalogs"][0]["flipped"]) == report.FLIPS_SHOWN


def test_the_first_matched_night_has_nothing_to_compare_with() -> None:
    assert catalog_changes({"catalogs": [MATCHED], "previous": None}) == []
    assert catalog_changes(None) == []
    (new,) = catalog_changes({"catalogs": [MATCHED], "previous": {}})
    assert (new["kind"], new["after"]) == ("new", ["version 2"])


def test_filters_that_are_silent_as_usual_are_one_line(good_results: NightContext) -> None:
    assert "Sent nothing: silent." in page_of(good_results)  # no night before it says what is usual
    facts = read_result(good_results.folder, Step.STATISTICS, "run-1")
    assert facts is not None
    texts = []
    for messages in (0.0, 21.0):
        before = {"count": {"bronze": 318.0, "silver": 210.0}, "filter": {"silent": messages}}
        write_result(good_results.folder, Step.STATISTICS, "run-1", {**facts, "trailing": {"2021-11-21": before}})
        texts.append(page_of(good_results))
    assert "Sent nothing, as usual: silent." in texts[0]
    text = texts[1]
    assert "Sent nothing" not in text
    assert "10.0 %" in text


def test_columns_in_which_nothing_was_found_are_one_line(good_results: NightContext) -> None:
    facts = read_result(good_results.folder, Step.STATISTICS, "run-1")
    assert facts is not None
    found = {"vsx": {"Unknown": 150, "EW": 60}, "gcvs": {"Unknown": 210}, "tns": {"(none)": 210}, "roid": {"0": 210}}
    texts = []
    for shares in ({"RRAB": 2.0, "Unknown": 208.0}, {"Unknown": 210.0}):
        before = {"count": {"bronze": 318.0, "silver": 210.0}, f"{CLASS}gcvs": shares}
        told = {**facts, "classes": found, "trailing": {"2021-11-21": before}}
        write_result(good_results.folder, Step.STATISTICS, "run-1", told)
        texts.append(page_of(good_results))
    assert re.findall(r"<h2>Class: (\w+)", texts[0]) == ["gcvs", "roid", "vsx"]  # gcvs: what there was, is missing
    assert re.findall(r"<h2>Class: (\w+)", texts[1]) == ["roid", "vsx"]
    assert "gcvs, tns</p>" in texts[1]
    assert "red mark" not in texts[0]  # what is usual there has no bar beside which a mark could stand
    assert outputs_with("ztf", Role.LABEL)["roid"].meaning in unescape(texts[1])


def test_the_page_is_self_contained_and_complete(good_results: NightContext) -> None:
    text = page_of(good_results)
    assert not re.search(r'src="(?!data:)', text)
    assert not re.search(r"<(link|script|iframe|object)|@import|url\((?!#)", text)
    assert all(f'class="{kind}"' in text for kind in ("flow", "plot"))
    assert len(text) < 500_000
    assert "1.1 s of computing for 210 alerts, 0.30 s of them" in text
    assert '<td class="n">0.84</td><td class="n">4.00</td>' in text
    for words in (
        "The equation holds",
        "320 offered = 318 bronze + 2 quarantine",
        "sso_ztf_candidates",
        "RRAB",
        "ValueError: &lt;no&gt;",
    ):
        assert words in text
    assert "not computed" not in text


def test_the_twin_holds_the_same_numbers(good_results: NightContext) -> None:
    page_of(good_results)
    facts = json.loads((good_results.folder / "report.json").read_text())
    assert facts["verdict"]["state"] == "holds"
    assert facts["statistics"]["latency_s"]["total"]["p95"] == pytest.approx(5.74)
    assert facts["reconcile"]["counts"]["offered"] == 320


def test_tracklets_and_links_are_shown_where_the_statistics_have_them(good_results: NightContext) -> None:
    assert "Moving objects" not in page_of(good_results)  # statistics of an older night have none
    first = {
        "tracklet": "TRCK_20211122_060000_00",
        "alerts": 6,
        "rate_deg_per_day": None,
        "ra": 40.0,
        "dec": -1.5,
        "mag": 19.04,
    }
    link = {**first, "tracklet": "LINK_20211122_070000_00", "alerts": 3, "rate_deg_per_day": 0.25}
    links = {"alerts": 57, "count": 1, "linked": 3, "longest": [link]}
    found = {"alerts": 57, "count": 1, "linked": 6, "longest": [first], "asteroid_links": links}
    facts = read_result(good_results.folder, Step.STATISTICS, "run-1")
    assert facts is not None
    write_result(good_results.folder, Step.STATISTICS, "run-1", {**facts, "tracklets": found})
    page = page_of(good_results)
    assert "1 tracklets of one exposure each hold 6 of 57 alerts that may move" in page
    assert "1 links hold 3 of 57 alerts that may move" in page
    assert "TRCK_20211122_060000_00" in page
    assert "LINK_20211122_070000_00" in page
    assert "0.250" in page
    assert "40.0000 -1.5000" in page
    write_result(good_results.folder, Step.STATISTICS, "run-1", {**facts, "tracklets": None})
    assert "Moving objects" not in page_of(good_results)
    old = {name: value for name, value in found.items() if name != "asteroid_links"}  # closed before there were two
    write_result(good_results.folder, Step.STATISTICS, "run-1", {**facts, "tracklets": old})
    assert "Moving objects" not in page_of(good_results)


def test_missing_steps_are_said_with_their_reason(context: NightContext) -> None:
    write_failure(context.folder, Step.STATISTICS, "run-1", "the disk is <full>")
    text = page_of(context)
    assert "not computed: the disk is &lt;full&gt;" in text
    assert "not computed: the step has not run in this run of the night" in text


def test_a_broken_night_shows_the_lost_alerts(good_results: NightContext) -> None:
    facts = read_result(good_results.folder, Step.RECONCILE, "run-1")
    assert facts is not None
    named = {"topic": "t", "partition": 0, "offset": 5, "alert_id": 4242, "night": None, "note": "expired"}
    fault = {"fault": "lost", "count": 1, "meaning": "offered, but nowhere", "named": [named]}
    equation = {**facts["equations"][0], "holds": False, "text": "321 offered ≠ 320", "differences": [fault]}
    write_result(good_results.folder, Step.RECONCILE, "run-1", {**facts, "holds": False, "equations": [equation]})
    text = page_of(good_results)
    assert "does not hold" in text
    assert "4242" in text


def test_an_empty_night_has_a_page(good_results: NightContext) -> None:
    facts = read_result(good_results.folder, Step.RECONCILE, "run-1")
    statistics = read_result(good_results.folder, Step.STATISTICS, "run-1")
    assert facts is not None
    assert statistics is not None
    nothing = dict.fromkeys(facts["counts"], 0)
    write_result(good_results.folder, Step.RECONCILE, "run-1", {**facts, "counts": nothing, "published": {}})
    empty = {"latency_s": {}, "latency_curve": {}, "latency_alerts": {}, "sky": {"bin_deg": 4.0, "bins": []}}
    write_result(good_results.folder, Step.STATISTICS, "run-1", {**statistics, **empty, "classes": {}, "filters": []})
    assert "An empty night" in page_of(good_results)


def test_right_ascension_grows_to_the_left() -> None:
    x = to_map(np.array([0.0, 90.0, 179.0, 181.0, 270.0]))
    assert x == pytest.approx(np.radians([0.0, -90.0, -179.0, 179.0, 90.0]))


def test_the_flow_shows_everything_that_left() -> None:
    counts = {"offered": 10, "bronze": 7, "quarantine": 2, "silver": 4, "rejected": 2, "repeats": 1}
    svg = flow_svg({**counts, "quarantine_enrich": 0}, {"fink_a_ztf": 3})
    for words in ("lost 1", "quarantine 2", "rejected by cuts 2", "repeats 1", "fink_a_ztf 3"):
        assert words in svg
    assert "quarantine in enrich" not in svg


def test_names_of_topics_fit_into_the_flow() -> None:
    """However long they are, and however many: the last stands above the picture's lower edge."""
    names = [f"fink_{'extragalactic_candidate' if number % 2 else 'in_tns'}_{number}_lsst" for number in range(20)]
    counts = dict.fromkeys(("bronze", "offered", "silver"), 50) | dict.fromkeys(
        ("rejected", "repeats", "quarantine"), 0
    )
    svg = flow_svg({**counts, "quarantine_enrich": 0}, dict.fromkeys(names, 0) | {names[3]: 12_345})
    width, height = map(float, svg.split('viewBox="0 0 ')[1].split('"')[0].split())
    texts = [part.split("</text>")[0] for part in svg.split("<text ")[1:]]
    topics = [text for text in texts if 'class="topic"' in text]
    assert len(topics) == len(names)
    for text in topics:
        x, y = (float(text.split(f'{axis}="')[1].split('"')[0]) for axis in "xy")
        assert x + 6.5 * len(text.split(">")[1]) <= width  # of letters 12.5 px high
        assert y < height


def test_the_key_names_the_bands_that_are_drawn() -> None:
    def curve(*bands: str) -> dict[str, Any]:
        return {"alerts": [{"light_curve": {"points": [{"band": band} for band in bands]}}]}

    assert page.bands_drawn([]) == []
    drawn = page.bands_drawn([curve("y", "g", "w"), curve("g", "u")])
    assert [band for band, _ in drawn] == ["u", "g", "y", "w"]
    assert len({colour for _, colour in drawn}) == 4


def test_long_lists_of_classes_are_cut_and_summed() -> None:
    shown = page.bars({f"c{index:02d}": 100 - index for index in range(20)})
    assert len(shown) == page.MOST_BARS + 1
    assert shown[-1]["label"] == "5 others"
    assert sum(bar["count"] for bar in shown) == sum(range(81, 101))
    assert [bar["rest"] for bar in shown] == [False] * page.MOST_BARS + [True]
    (one, others) = page.bars({"a": 3, "(other)": 40})
    assert (others["label"], others["count"], others["width"], one["width"]) == ("all others", 40, 100.0, 100.0)


def test_events_of_other_messengers_are_shown(good_results: NightContext) -> None:
    report.draw(good_results)
    page = (good_results.folder / report.PAGE).read_text()
    assert "1 of 2 events of the 7 days before were searched for; 1 new sources lie in their regions" in page
    assert 'swift:1</td><td class="mono">ZTF23abcdefg</td><td class="mono">17</td>' in page
    assert "maxi:2 was not searched for: no &lt;region&gt;" in page
    assert "2021-11-20 was matched again; came: swift:1" in page


def test_what_filters_find_of_planted_objects_is_shown_where_it_was_measured(good_results: NightContext) -> None:
    assert "What the filters find" not in page_of(good_results)
    share = "62.5 [50.0, 73.0]"
    one = {"filter": "sn_candidates", "finds": ["SN Ia"], "found": share, "false_alarms": "3.0 [1.0, 6.0]"}
    one |= {"by_class": {"SN Ia": share, "RR Lyrae": ""}, "of_the_night": "1.0 [0.4, 2.1]"}
    facts = {
        "planted": 1400,
        "alerts_looked_at": 320,
        "filters": [one],
        "left_out": {"new_hostless": "it reads stamps"},
    }
    (good_results.folder / "completeness.json").write_text(json.dumps(facts))
    drawn = page_of(good_results)
    assert "What the filters find" in drawn
    assert f'title="{share}"><b>62.5</b>' in drawn
    assert "new_hostless (it reads stamps)" in drawn
    assert json.loads((good_results.folder / "report.json").read_text())["completeness"] == facts
