"""The changelog names what upgrades need: the release by its commit, every name that changed."""

import json

from fink_lib.config import PROJECT_DIR
from fink_lib.moved import GONE_IN, MOVED, MOVED_OUT
from tests.releases.releases import V0_1_0

CHANGELOG = (PROJECT_DIR / "CHANGELOG.md").read_text()


def test_the_release_is_named_by_the_commit_that_upgrade_tests_use() -> None:
    assert f"`{V0_1_0.commit}`" in CHANGELOG.partition(f"## {V0_1_0.version}")[2]
    noted = json.loads((PROJECT_DIR / "tests" / "releases" / "v0.1.0.json").read_text())
    assert (noted["release"], noted["commit"]) == (V0_1_0.version, V0_1_0.commit)


def test_every_import_that_changed_has_a_row() -> None:
    rows = {tuple(cell.strip(" `") for cell in line.split("|")[1:3]) for line in CHANGELOG.splitlines() if "|" in line}
    names = {(f"{old}.{name}", f"{new}.{name}") for old, names in MOVED_OUT.items() for name, new in names.items()}
    assert names | set(MOVED.items()) <= rows
    assert f"until {GONE_IN}" in CHANGELOG
