"""Settings of one survey, ``FINK_<SURVEY>_…``: how its alerts are reached, and which of its choices are taken."""

import json
import os
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

PREFIX = "FINK_"
# Variables of earlier releases → (value, what stands for it today); they go with the next release.
_FORMER = {"FINK_KEEP_I_BAND": (("false", "0", "no", "off", "f", "n"), "FINK_ZTF_OPTIONAL_CUTS", "i_band")}


class SurveySettings(BaseModel):
    """What can be configured of one survey; what is unset is as the survey's folder says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap: str | None = Field(
        None, description="Kafka that the survey's alerts arrive on; unset is the one of FINK_KAFKA_BOOTSTRAP"
    )
    security: dict[str, str] | None = Field(
        None,
        repr=False,  # it may hold a password
        description="Extra librdkafka settings of that Kafka as JSON (security.protocol, sasl.*, ssl.*)",
    )
    group_prefix: str | None = Field(None, description="Start of the names of the consumer groups that read there")
    topics: str | None = Field(None, description="Regular expression of the topics that its alerts arrive on")
    schemas: Path | None = Field(
        None, description="Folder of its alert schemas, <id>.avsc or <major>/<minor>/*.avsc; unset knows none"
    )
    registry: str | None = Field(
        None,
        repr=False,  # it may hold a password
        description="Its schema registry, https://[user:password@]host[/path], asked for ids that are not known yet",
    )
    optional_cuts: str | None = Field(None, description="Cuts, with commas, that are made beside those always made")

    @field_validator("security", mode="before")
    @classmethod
    def _from_json(cls, value: Any) -> Any:
        """Read the text of an environment variable."""
        return json.loads(value) if isinstance(value, str) else value

    def as_environment(self, survey: str) -> dict[str, str]:
        """Return the environment variables that rebuild exactly these settings."""
        facts = self.model_dump(mode="json", exclude_none=True)
        return {
            f"{PREFIX}{survey}_{name}".upper(): value if isinstance(value, str) else json.dumps(value)
            for name, value in facts.items()
        }


class SurveySource(PydanticBaseSettingsSource):
    """Gathers the variables of all surveys into the field ``of_surveys``.

    Which surveys there are is not asked here: ``FINK_<NAME>_TOPICS`` is a setting of the survey ``name`` unless the
    broker has a setting of that name itself.
    """

    def __init__(self, settings: type[BaseSettings], environment: Mapping[str, str] | None = None) -> None:
        super().__init__(settings)
        names = "|".join(SurveySettings.model_fields).upper()
        self._pattern = re.compile(f"{PREFIX}([A-Z][A-Z0-9_]*?)_({names})")
        self._environment = with_former_names(os.environ if environment is None else environment)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Return nothing: fields are gathered together.

        Parameters
        ----------
        field
            Not asked.
        field_name
            Name of a field of the settings.
        """
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return ``{"of_surveys": {survey: {setting: text}}}``; an empty variable is an unset one."""
        found: dict[str, dict[str, str]] = {}
        for name, value in self._environment.items():
            match = self._pattern.fullmatch(name)
            if match and value and name.removeprefix(PREFIX).lower() not in self.settings_cls.model_fields:
                found.setdefault(match[1].lower(), {})[match[2].lower()] = value
        return {"of_surveys": found} if found else {}


def with_former_names(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which the variables of earlier releases stand under today's names, with a warning."""
    found = dict(environment)
    for former, (values, today, meaning) in _FORMER.items():
        if former in environment:
            warnings.warn(f"{former} goes with the next release: set {today}={meaning} instead", DeprecationWarning, 2)
            if environment[former].strip().lower() in values:
                found.setdefault(today, meaning)
    return found
