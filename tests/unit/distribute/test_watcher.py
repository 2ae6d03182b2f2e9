"""What people watch is told after the alerts have left, and never keeps one back."""

from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest

from fink_lib.community.log import shared_log
from fink_lib.community.people import Person
from fink_lib.community.saying import say
from fink_lib.community.uploads import draft_of_upload
from fink_lib.config import Settings
from fink_lib.distribute.watcher import Watcher


class Damaged:
    """Files of silver that cannot be read."""

    def columns(self, *_: object) -> Any:
        raise pa.ArrowInvalid("a page of this file is damaged")


def test_whatever_fails_the_batch_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(home=tmp_path)
    told = {"list_name": "mine", "visibility": "person:anna"}
    raw = b"ra,dec,radius_arcsec\n10.0,20.0,2\n"
    say(shared_log(settings), Person("anna"), [draft_of_upload("watch_list", raw, told)])
    Watcher(settings, "ztf", cast("Any", Damaged()))(pa.table({"night": ["2026-01-20"]}))
    assert "what is watched is told when the night is closed" in caplog.text
