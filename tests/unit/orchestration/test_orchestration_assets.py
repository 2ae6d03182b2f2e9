from typing import Any

from fink_lib.lake import tables
from fink_lib.orchestration.assets import NIGHTS_TABLE, night_asset, stage_tables, stream_asset, survey_tables
from fink_lib.streams.spec import Stage
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import night_specs


def test_table_assets_are_named_like_the_tables() -> None:
    named = {asset.name for asset in survey_tables("ztf")}
    assert {spec.full_name for spec in night_specs(get_survey("ztf")).values()} == named
    assert tables.gold_nights().full_name == NIGHTS_TABLE


def test_assets_are_told_apart_by_survey_and_stage() -> None:
    assets = [make(survey) for survey in ("ztf", "lsst") for make in (night_asset, *map(_stream, Stage))]
    assert len({asset.name for asset in assets}) == len({asset.uri for asset in assets}) == 8
    assert [asset.name for asset in stage_tables("lsst", Stage.DISTRIBUTE)] == ["gold_lsst__published"]


def _stream(stage: Stage) -> Any:
    return lambda survey: stream_asset(survey, stage)
