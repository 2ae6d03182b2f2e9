"""What a form can get wrong is refused by the first task, without a JVM, and not tried again: one case of each kind."""

import datetime as dt
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction

from fink_lib.config import Settings
from fink_lib.errors import ConfigError, JobFailed, LeaseHeld, StreamBroken, StreamFailed
from fink_lib.orchestration.child import failure
from fink_lib.orchestration.jobs import NightJobOperator
from fink_lib.orchestration.operators import DrainOperator
from fink_lib.orchestration.policy import NIGHTLY_ARGS, STREAM_ARGS, UnlessUseless
from fink_lib.processes.endings import EXIT_FATAL
from tests.builders.lake_folder import lake_folder
from tests.unit.quarantine.planted_quarantine import plant_quarantine
from tests.unit.reprocess.alert_lake import SPECS, T0, TOPIC, live_lake, write

NIGHT = "2018-11-29"
JVM = ("fink_lib.lake.spark.session",)


@pytest.fixture
def lake(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake of one alert and one quarantined message; a JVM is an error."""
    monkeypatch.setenv("FINK_HOME", str(settings.home))
    night = dt.date.fromisoformat(NIGHT)
    alert = {
        "night": night, "alert_id": 1, "object_id": "ZTF18aaaaaaa", "time": 2458451.9, "ra": 1.0, "dec": 2.0,
        "band": "r", "kafka_topic": TOPIC, "kafka_partition": 0, "kafka_offset": 0, "kafka_time": T0, "ingest_time": T0,
    }  # fmt: skip
    write(SPECS["bronze"], lake_folder(settings), [alert])
    live_lake(settings, [{**alert, "enrich_time": T0}], [])
    plant_quarantine(lake_folder(settings), [{"kafka_offset": 7, "raw": b"x", "night": night, "kafka_topic": TOPIC}])
    for module in JVM:
        monkeypatch.setattr(importlib.import_module(module), "build_session", no_jvm)
    return lake_folder(settings)


def no_jvm(*_: Any, **__: Any) -> None:
    pytest.fail("a JVM was started to find out that the form is wrong")


def reprocess(**form: Any) -> int:
    from fink_lib.reprocess.job import main

    request = json.dumps({"survey": "ztf", "first_night": NIGHT, **form})
    return main(["plan", "--id", "one", f"--request={request}", "--by=-", "--reason=-"])


def replay(*words: str, dry_run: bool = False) -> int:
    from fink_lib.quarantine.job import main

    return main(["--survey", "ztf", "--plan", "--who=vera", f"--dry-run={dry_run}", *words])


def transfer(**form: Any) -> int:
    from fink_lib.transfer.main import main

    asked = {"survey": "ztf", "first_night": NIGHT, "by": "filter", "what": "sn_candidates", "asked_by": "vera"}
    return main(["--request", json.dumps({**asked, **form}), "--plan"])


def catalogs(names: str) -> int:
    from fink_lib.catalogs.job import main

    return main([f"--names={names}"])


WRONG: list[tuple[Callable[[], int], str]] = [
    (lambda: reprocess(modules=["astrology"]), "astrology"),
    (lambda: reprocess(first_night="2018-11-28"), "bronze of ztf holds no alert from 2018-11-28 to 2018-11-28"),
    (lambda: reprocess(first_night="soon"), "'soon' is not a night"),
    (lambda: reprocess(catalogs={"vsx": "0"}), "vsx"),
    (lambda: reprocess(bronze_version=99), "has no version 99"),
    (
        lambda: reprocess(overrides={"cut.rb": "candidate.rbb >= 0.65"}),
        "override cut.rb cannot be used: there is no column 'candidate.rbb': did you mean candidate.rb",
    ),
    (lambda: reprocess(overrides={"cut.rb": "candidate.rb >="}), "override cut.rb cannot be used"),
    (lambda: reprocess(overrides={"cut.rb": "java_method('x')"}), "is not allowed"),
    (lambda: replay("--why=mended"), "nothing is selected"),
    (lambda: replay(f"--night={NIGHT}"), "a release needs a name and a reason"),
    (lambda: replay("--night=2018-11-28", "--why=x"), "the quarantine of ztf has no night '2018-11-28': it has 2018"),
    (lambda: replay("--error-class=undecodeable", "--why=x"), "has no error_class 'undecodeable': it has undecodable"),
    (lambda: replay("--topic=-x", dry_run=True), "has no kafka_topic '-x'"),
    (lambda: replay("--stage=enrich", "--why=x"), "are in bronze already: reprocess their night"),
    (lambda: replay("--stage=distribute", "--why=x"), "no messages are quarantined in 'distribute'"),
    (lambda: replay("--messages=7", "--why=x"), "'7' names no message"),
    (lambda: replay(f"--messages={TOPIC}:0:8", "--why=x"), f"{TOPIC}:0:8"),
    (lambda: transfer(first_night="2018-11-28"), "silver of ztf holds no night from 2018-11-28"),
    (lambda: transfer(what="sn_candidate"), "unknown user filter 'sn_candidate'"),
    (lambda: transfer(by="predicate", what="candidate.magpfs < 18"), "did you mean candidate.magpsf"),
    (lambda: transfer(content="columns", columns=["nothing"]), "silver has no column 'nothing'"),
    (lambda: transfer(last_night="2018-11-28"), "is before the first one"),
    (lambda: catalogs("vxs"), "unknown catalogue vxs"),
]


@pytest.mark.usefixtures("lake")
@pytest.mark.parametrize(("send", "sentence"), WRONG, ids=[sentence for _, sentence in WRONG])
def test_a_wrong_form_is_one_sentence_and_no_use_to_repeat(
    send: Callable[[], int], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send() == EXIT_FATAL
    last = capsys.readouterr().err.splitlines()[-1]
    assert sentence in last
    assert " failed: " in last


@pytest.mark.usefixtures("lake")
def test_a_form_that_can_be_done_is_not_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert reprocess(overrides={"cut.rb": "candidate.rb >= 0.65", "cut.nbad": "true"}) == 0
    assert replay(f"--night={NIGHT}", "--why=mended") == 0
    assert replay(dry_run=True) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 messages: 1 are still damaged"


def test_a_night_that_nothing_is_known_of_is_refused(home: Settings) -> None:
    mine = NightJobOperator(task_id="reconcile", survey="ztf", step="reconcile", night="2021-11-22", only_known=True)
    with pytest.raises(ConfigError, match="ztf 2021-11-22 was never closed and has no alert"):
        mine.execute({})
    for night, sentence in (("None", "'None' is not a night"), ("soon", "'soon' is not a night")):
        with pytest.raises(ConfigError, match=sentence):
            DrainOperator(task_id="drain", survey="ztf", night=night).execute({})


@pytest.mark.parametrize(
    ("arguments", "error", "action"),
    [
        (NIGHTLY_ARGS, ConfigError("no such night"), RetryAction.FAIL),
        (NIGHTLY_ARGS, JobFailed("no space left"), RetryAction.DEFAULT),
        (NIGHTLY_ARGS, RuntimeError("who knows"), RetryAction.DEFAULT),
        (STREAM_ARGS, StreamBroken("a schema that is not ours"), RetryAction.FAIL),
        (STREAM_ARGS, StreamFailed("it died"), RetryAction.DEFAULT),
        # red runs would follow each other at once, all night
        (STREAM_ARGS, LeaseHeld("it runs elsewhere"), RetryAction.DEFAULT),
    ],
)
def test_what_a_person_must_mend_is_not_tried_again(
    arguments: dict[str, Any], error: Exception, action: RetryAction
) -> None:
    policy = arguments["retry_policy"]
    assert isinstance(policy, UnlessUseless)
    assert policy.evaluate(error, 1, 500).action is action


def test_a_fatal_exit_of_a_job_fails_its_task() -> None:
    assert type(failure("plan", EXIT_FATAL, "plan failed: no such night")).__name__ == "AirflowFailException"
