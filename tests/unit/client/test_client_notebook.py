"""The notebook that asks a broker over HTTP runs against a real server, from its first cell to its last."""

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.host.api import LocalApi
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import NIGHT, arrive, serve

PATH = PROJECT_DIR / "docs" / "notebooks" / "ask_over_http.ipynb"


def test_the_notebook_runs(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packets = sample_packets(30)
    arrive(settings, packets)
    serve(settings, NIGHT)
    api = LocalApi(settings.model_copy(update={"api_port": 0}))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_DIR))
    notebook = nbformat.read(PATH, as_version=4)  # type: ignore[no-untyped-call]
    try:
        monkeypatch.setenv("FINK_URL", api.start())
        folder = {"metadata": {"path": tmp_path}}
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources=folder).execute()
    finally:
        api.stop()
    shown = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    assert not [out for out in shown if out.output_type == "error"]
    text = "\n".join(str(out.get("data", {}).get("text/plain", out.get("text", ""))) for out in shown)
    assert any(str(one["candid"]) in text for one in packets), "identifiers are shown whole"
    assert "(63, 63)" in text
    assert "(400," in text
    assert "'columns'" in text
    assert sum("image/png" in out.get("data", {}) for out in shown) == 2


def test_the_notebook_is_kept_without_answers() -> None:
    cells = json.loads(PATH.read_text(encoding="utf-8"))["cells"]
    assert [one for one in cells if one.get("outputs") or one.get("execution_count")] == []
