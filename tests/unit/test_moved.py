"""Names of v0.1.0 give the modules that stand elsewhere now, with a warning; other names are none of ours."""

import importlib
import importlib.util
import subprocess
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType

import pytest

from fink_lib.config import PROJECT_DIR
from fink_lib.moved import GONE_IN, MOVED, MOVED_OUT, MovedModules, new_name


@pytest.fixture(autouse=True)
def _nothing_asked_for_yet() -> Iterator[None]:
    forget()
    yield
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if new_name(name) is not None]:
        del sys.modules[name]


def asked(old: str) -> tuple[ModuleType, list[str]]:
    """Import an old name; return the module and what was warned of that name."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DeprecationWarning)
        module = importlib.import_module(old)
    return module, [str(one.message) for one in caught if str(one.message).startswith(f"{old} ")]


@pytest.mark.parametrize("old", sorted(MOVED))
def test_an_old_name_gives_the_module_of_the_new_one(old: str) -> None:
    new = importlib.import_module(MOVED[old])
    spec = new.__spec__
    module, said = asked(old)
    assert module is new
    assert said == [f"{old} is {MOVED[old]} since fink-lake 0.2.0; the old name goes with {GONE_IN}"]
    assert module.__spec__ is spec
    assert module.__name__ == MOVED[old]


def test_no_file_stands_under_an_old_name() -> None:
    """It would never be imported: old names come first."""
    places = [PROJECT_DIR.joinpath(*old.split(".")) for old in MOVED]
    assert [path for path in places if path.with_suffix(".py").exists() or (path / "__init__.py").exists()] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fink_lib.streaming.spec", "fink_lib.streams.spec"),
        ("fink_lib.user_filters.predicate", "fink_lib.filters.users.predicate"),
        ("fink_lib.crossmatch.join", "fink_lib.catalogs.join"),
        ("fink_lib.catalogs.spark.nights", "fink_lib.catalogs.nights"),
        ("fink_lib.science.rubin.registry", "fink_lib.science.cases.rubin.registry"),
        ("fink_lib.science.classify.rules", "fink_lib.science.methods.classify.rules"),
        ("fink_lib.offline.filter_causes.ztf", "fink_lib.compare_fink.filter_causes.ztf"),
    ],
)
def test_what_stands_below_an_old_package_is_not_loaded_a_second_time(old: str, new: str) -> None:
    assert asked(old)[0] is importlib.import_module(new)


def test_from_imports_work_and_the_warning_points_at_them() -> None:
    with pytest.warns(DeprecationWarning, match=r"fink_lib\.science\.framework\.base") as caught:
        exec(compile("from fink_lib.science.base import Module as found", "a_plugin.py", "exec"), names := {})  # noqa: S102
    from fink_lib.science.framework.base import Module

    assert names["found"] is Module
    assert "a_plugin.py" in {one.filename for one in caught}


@pytest.mark.parametrize("old", sorted(MOVED_OUT))
def test_a_name_that_was_moved_out_of_a_module_is_found_there(old: str) -> None:
    module = importlib.import_module(old)
    for name, new in MOVED_OUT[old].items():
        with pytest.warns(DeprecationWarning, match=rf"{old}\.{name} is {new}\.{name} "):
            assert getattr(module, name) is getattr(importlib.import_module(new), name)
    with pytest.raises(AttributeError, match=f"'{old}' has no attribute 'nothing'"):
        module.nothing  # noqa: B018


@pytest.mark.parametrize(
    "unknown", ["fink_lib.nothing", "fink_lib.streaming.nothing", "fink_lib.spark.nothing", "expectations.nothing"]
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_unknown_name_is_missed_under_its_own_name(unknown: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=unknown) as raised:
        importlib.import_module(unknown)
    assert raised.value.name == unknown


def test_the_library_alone_imports_nothing_for_old_names() -> None:
    """And the suites find their old neighbours in a process that imported nothing else before."""
    script = (
        "import sys, fink_lib; ours = sorted(name for name in sys.modules if name.startswith('fink_lib'));"
        "print(ours, 'pyspark' in sys.modules);"
        "import expectations.rules; print(expectations.rules.__name__)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["['fink_lib', 'fink_lib.moved'] False", "fink_lib.quality.rules"]


def test_the_finder_stands_in_the_line_once() -> None:
    from fink_lib.moved import install

    install()
    assert sum(isinstance(finder, MovedModules) for finder in sys.meta_path) == 1
