"""Settings that do not go together tell no password, and a home of a copy has a lake of its own."""

import ast
from pathlib import Path

import pytest
from pydantic import ValidationError

from fink_lib.cli.common import load_settings
from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.errors import ConfigError

PASSWORD = "of-the-database"


@pytest.fixture
def with_a_lake_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINK_AIRFLOW_DB", f"postgresql://u:{PASSWORD}@127.0.0.1/db")
    monkeypatch.setenv("FINK_LAKE_URL", "s3://lake/a")


@pytest.mark.usefixtures("with_a_lake_nowhere")
def test_settings_that_do_not_go_together_tell_no_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FINK_LAKE_URL is s3://lake/a: set FINK_S3_ENDPOINT or") as told:
        load_settings(tmp_path)
    with pytest.raises(ValidationError, match="FINK_LAKE_URL is s3://lake/a") as raised:
        Settings()
    assert PASSWORD not in f"{told.value}{raised.value}"


def test_a_copy_at_another_home_has_its_lake_there(tmp_path: Path) -> None:
    settings = Settings(lake_url="s3://lake/a", s3_region="eu-west-1")
    assert str(settings.lake) == "s3://lake/a"
    assert settings.at_home(tmp_path).lake == tmp_path / "lake"


def test_no_code_makes_a_home_of_its_own_in_another_way() -> None:
    """A home alone would share the lake of a store with the real one."""
    found = []
    for path in sorted((PROJECT_DIR / "fink_lib").rglob("*.py")):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            named = {one.arg for one in call.keywords}
            updated = {key for one in call.keywords if one.arg == "update" for key in keys_of(one.value)}
            if (ast.unparse(call.func) == "Settings" and "home" in named) or ("home" in updated - {"lake_url"}):
                found.append(f"{path.relative_to(PROJECT_DIR)}: {ast.unparse(call)[:80]}")
    allowed = (
        "fink_lib/cli/common.py: settings.model_copy(update={'home': settings.home.absolute()",  # the same home
        "fink_lib/config/settings.py: self.model_copy(update={'home': home, 'lake_url': ''",
    )
    assert [one for one in found if not one.startswith(allowed)] == []
    assert len(found) == len(allowed)


def keys_of(node: ast.expr) -> set[str]:
    keys = node.keys if isinstance(node, ast.Dict) else []
    return {str(key.value) for key in keys if isinstance(key, ast.Constant)}
