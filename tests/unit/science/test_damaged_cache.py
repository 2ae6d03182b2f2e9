"""A file of the cache that is damaged costs the columns that need it, with the reason, and nothing else."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from science_bench import CACHE
from test_contract import random_batch, toy

from fink_lib.catalogs.known import KNOWN
from fink_lib.catalogs.loader import arrays_folder, load_catalog
from fink_lib.science.framework.base import NOT_RUN
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import with_needs
from fink_lib.science.framework.runner import run, versions
from fink_lib.science.models import ensure

NETWORKS = ("snn_snia_vs_nonia", "snn_sn_vs_all")
# Module, what it keeps in the cache, and which file of that is cut short.
DAMAGE = (
    ("supernnova", "models/snn_sn_vs_all", "model.onnx"),
    ("supernnova", "models/snn_sn_vs_all", "facts.json"),
    ("early_snia", "models/early_snia", "arrays.npz"),
    ("crossmatch_3hsp", "catalogs/3hsp", "facts.json"),
    ("crossmatch_3hsp", "catalogs/3hsp", "values.arrow"),
    ("crossmatch_3hsp", "catalogs/3hsp", "key.npy"),
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache with what the modules need."""
    cache = tmp_path_factory.mktemp("cache")
    (cache / "models").mkdir()
    for name in (*NETWORKS, "early_snia"):
        folder = ensure(name, CACHE)[1]
        shutil.copytree(folder, cache / "models" / folder.name)
    run(with_needs("ztf", ["crossmatch_3hsp", "variable_stars"]), random_batch(1), CACHE)
    for name in ("3hsp", "gcvs", "vsx"):
        folder = arrays_folder(KNOWN[name], load_catalog(name, CACHE).facts.sha256, CACHE)
        shutil.copytree(folder, cache / "catalogs" / folder.name, copy_function=_link)
    return cache


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source) if Path(source).stat().st_size > 1_000_000 else shutil.copyfile(source, target)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_cut_short_gives_null_and_a_reason_for_every_alert(
    damage: tuple[str, str, str], sound: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name, folder, file = damage
    cache = tmp_path / "cache"
    shutil.copytree(sound, cache, symlinks=True, copy_function=_link)
    (path,) = cache.glob(f"{folder}-*/{file}")
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])
    batch = random_batch(5)
    modules = with_needs("ztf", [name])
    outcome = run(modules, batch, cache)
    assert sorted(outcome.errors[name]) == [0, 1, 2, 3, 4]
    assert all(why.startswith(f"{NOT_RUN}not loaded: ") for why in outcome.errors[name].values())
    assert "damaged" in outcome.errors[name][0]
    assert "damaged" in caplog.text
    for module in modules:
        loaded = [outcome.columns[out.name].null_count < len(batch) for out in module.outputs]
        assert any(loaded) == (module.name != name), module.name
    assert name in versions(modules, cache)


def test_a_damaged_model_is_mended_by_building_it_again(sound: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    shutil.copytree(sound, cache, copy_function=_link)
    (path,) = cache.glob("models/snn_sn_vs_all-*/facts.json")
    path.write_text("{")
    facts, _ = ensure("snn_sn_vs_all", cache, again=True)
    assert ensure("snn_sn_vs_all", cache)[0] == facts


@pytest.mark.parametrize("problem", [OSError("disk"), EOFError(), ValueError("bad"), KeyError("x"), MemoryError()])
def test_whatever_loading_raises_is_a_reason(problem: BaseException) -> None:
    def load(_cache: Path) -> object:
        raise problem

    outcome = run((toy(load=load),), random_batch(3), CACHE)
    assert outcome.columns["toy"].null_count == 3
    assert {type(problem).__name__ in why for why in outcome.errors["toy"].values()} == {True}


def test_whatever_a_module_raises_on_one_alert_is_that_alerts_reason() -> None:
    def compute(batch: AlertBatch, _resource: Any) -> dict[str, Any]:
        if 1 in batch.alert_id:
            raise RuntimeError("onnxruntime died")
        return {"toy": np.ones(len(batch))}

    outcome = run((toy(compute=compute),), random_batch(3), CACHE)
    assert outcome.columns["toy"].to_pylist() == [1.0, None, 1.0]
    assert list(outcome.errors["toy"]) == [1]
