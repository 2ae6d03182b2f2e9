"""Run by the code of v0.1.0, whose names it uses: what becomes of alerts when enrich dies or its checkpoint moves."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from fink_lib.streaming.spec import Stage
from v0_1_0_bench import TABLES, Bench

from fink_lib.enrich import stream as enrich
from fink_lib.surveys import Survey
from fink_lib.surveys.base import Cut


def checkpoints(bench: Bench) -> dict[str, Any]:
    """Enrich's is restored from an older copy, then lost; then those of two streams are moved as documented."""
    found: dict[str, Any] = {}
    copy = bench.settings.home / "copy"
    for first in (0, 6):
        bench.send(first, first + 6)
        bench.run(Stage.INGEST), bench.run(Stage.ENRICH)
        if not first:
            shutil.copytree(bench.checkpoint(Stage.ENRICH), copy)
    bench.lose(Stage.ENRICH, raised=False)
    shutil.copytree(copy, bench.checkpoint(Stage.ENRICH))
    for what, first in (("an older copy", 12), ("no", 14)):
        if what == "no":
            bench.lose(Stage.ENRICH, raised=False)
        bench.send(first, first + 2)
        bench.run(Stage.INGEST), bench.run(Stage.ENRICH)
        found[f"tables once enrich had {what} checkpoint"] = [bench.rows("bronze"), bench.rows("silver")]
    for stage in (Stage.INGEST, Stage.ENRICH):
        bench.lose(stage, raised=True)
        bench.run(stage)
    found["tables after the documented recovery"] = [bench.rows("bronze"), bench.rows("silver")]
    return found | {"distribute after it": bench.run(Stage.DISTRIBUTE)}


def killed(bench: Bench) -> dict[str, Any]:
    """Enrich dies between `rejected` and `silver`, and comes back with another cut."""

    def with_cut(least: float) -> Survey:
        return replace(bench.survey, cuts=(Cut("rb", f"candidate.rb >= {least}", "a test's own"),))

    def die(frame: Any, path: Path, app_id: str, batch_id: int) -> None:
        if app_id.endswith(".silver"):
            raise RuntimeError("killed before silver")
        honest(frame, path, app_id, batch_id)

    bench.send(0, 60)
    bench.run(Stage.INGEST)
    honest, enrich.append_once = enrich.append_once, die
    bench.run(Stage.ENRICH, with_cut(0.8))
    enrich.append_once = honest
    bench.run(Stage.ENRICH, with_cut(0.9))
    return {"places of killed enrich": [bench.rows(table) for table in TABLES]}


def panicked(bench: Bench) -> dict[str, Any]:
    """All points of a band of one alert have one time."""
    replace(bench, packets=bench.packets.with_name("panic")).send(0, 1)
    bench.run(Stage.INGEST)
    return {"enrich of an alert of one time": [bench.run(Stage.ENRICH), bench.run(Stage.ENRICH)]}


SCENES = (checkpoints, killed, panicked)
