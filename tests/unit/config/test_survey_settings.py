"""Settings of single surveys: read from their own variables, passed on whole, and part of a stream's identity."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from fink_lib.cli.common import load_settings
from fink_lib.config import Settings
from fink_lib.config.connection import KafkaConnection
from fink_lib.config.surveys import SurveySettings
from fink_lib.errors import ConfigError
from fink_lib.kafka.connection import Connection
from fink_lib.streams.runner import settings_environment
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import SURVEYS, get_survey, running_surveys

ZTF, LSST = get_survey("ztf"), get_survey("lsst")
SECURITY = {"security.protocol": "SASL_SSL", "sasl.username": "reader", "sasl.password": "hidden"}
CHOSEN = SurveySettings(
    bootstrap="kafka.example:9092",
    security=SECURITY,
    group_prefix="broker-7",
    topics="alerts.*",
    schemas=Path("/schemas"),
    optional_cuts="i_band",
)


def reached(connection: KafkaConnection) -> tuple[str, dict[str, str]]:
    return connection.bootstrap, dict(connection.security)


def with_ztf(chosen: SurveySettings) -> Settings:
    return Settings(of_surveys={"ztf": chosen})


def test_each_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CHOSEN.as_environment("ztf").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FINK_LSST_SCHEMAS", "/rubin")
    monkeypatch.setenv("FINK_LSST_TOPICS", "")
    settings = Settings()
    assert settings.of_survey("ztf") == CHOSEN
    assert settings.of_survey("lsst") == SurveySettings(schemas=Path("/rubin"))
    assert settings.of_survey("unheard") == SurveySettings()


def test_the_variables_of_the_brokers_own_kafka_are_no_surveys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINK_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("FINK_KAFKA_SECURITY", '{"security.protocol": "SSL"}')
    monkeypatch.setenv("FINK_RESTRICTED_TOPICS", "fink_a_ztf")
    settings = Settings()
    assert settings.of_surveys == {}
    assert Connection.of(settings).client() == {"bootstrap.servers": "127.0.0.1:1", "security.protocol": "SSL"}


def test_processes_get_them_by_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, of_surveys={"ztf": CHOSEN, "lsst": SurveySettings(topics="x")})
    environment = settings_environment(settings)
    assert {name for name in environment if name.startswith("FINK_LSST")} == {"FINK_LSST_TOPICS"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


@pytest.mark.parametrize("stage", Stage)
def test_a_change_replaces_the_drivers_of_that_survey_alone(stage: Stage) -> None:
    usual, changed = Settings(), with_ztf(SurveySettings(topics="alerts.*"))
    assert StreamSpec("ztf", stage, changed).hash != StreamSpec("ztf", stage, usual).hash
    assert StreamSpec("lsst", stage, changed).hash == StreamSpec("lsst", stage, usual).hash


def test_the_brokers_own_kafka_stands_in_for_what_is_unset() -> None:
    own = Settings(kafka_bootstrap="own:9092", kafka_security={"sasl.password": "own"})
    found = ZTF.connection(own)
    assert reached(found) == ("own:9092", {"sasl.password": "own"})
    assert found.group("reconcile") == "fink-ztf-reconcile"
    assert own.kafka.group("reconcile") == "fink-reconcile"
    assert ZTF.topics(own) == ZTF.input.topic_pattern


def test_another_kafka_is_never_given_the_brokers_own_password() -> None:
    named = with_ztf(SurveySettings(bootstrap="survey:9092")).model_copy(
        update={"kafka_security": {"sasl.password": "own"}}
    )
    assert reached(ZTF.connection(named)) == ("survey:9092", {})
    assert reached(LSST.connection(named)) == (named.kafka_bootstrap, {"sasl.password": "own"})
    assert ZTF.connection(named).variables == "FINK_ZTF"


def test_all_of_it_can_be_set() -> None:
    found = ZTF.connection(with_ztf(CHOSEN))
    assert reached(found) == ("kafka.example:9092", SECURITY)
    assert found.group("reconcile") == "broker-7-reconcile"
    assert ZTF.topics(with_ztf(CHOSEN)) == "alerts.*"
    assert "hidden" not in repr(found) + repr(with_ztf(CHOSEN))


def test_an_optional_cut_is_switched_on_by_its_name() -> None:
    assert [cut.name for cut in ZTF.cuts_in_force(Settings())] == ["nbad", "rb"]
    assert [cut.name for cut in ZTF.cuts_in_force(with_ztf(CHOSEN))] == ["nbad", "rb", "i_band"]
    assert LSST.cuts_in_force(with_ztf(CHOSEN)) == LSST.cuts_in_force(Settings()) == LSST.cuts
    with pytest.raises(ConfigError, match="'iband' is no optional cut of ztf: there is i_band"):
        ZTF.cuts_in_force(with_ztf(SurveySettings(optional_cuts="iband")))


@pytest.mark.parametrize(("value", "cuts"), [("false", ["nbad", "rb", "i_band"]), ("true", ["nbad", "rb"])])
def test_the_former_name_works_and_warns(value: str, cuts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINK_KEEP_I_BAND", value)
    with pytest.warns(DeprecationWarning, match="FINK_KEEP_I_BAND goes with the next release"):
        settings = Settings()
    assert [cut.name for cut in ZTF.cuts_in_force(settings)] == cuts
    assert "FINK_KEEP_I_BAND" not in settings_environment(settings)


def test_a_password_is_not_told_when_its_setting_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINK_ZTF_SECURITY", "hidden")
    with pytest.raises(ConfigError, match=r"FINK_ZTF_SECURITY=…") as caught:
        load_settings()
    assert "hidden" not in str(caught.value)
    with pytest.raises(ValidationError):
        Settings()


def test_the_surveys_that_run_are_chosen() -> None:
    assert [survey.name for survey in running_surveys(Settings())] == ["ztf"]
    both = running_surveys(Settings(surveys="lsst, ztf,lsst"))
    assert [survey.name for survey in both] == ["lsst", "ztf"]
    for wrong in ("ztf,zft", ""):
        with pytest.raises(ConfigError, match=f"the broker knows {', '.join(SURVEYS)}"):
            running_surveys(Settings(surveys=wrong))
