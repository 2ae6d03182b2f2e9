"""Asks the registries of the surveys for schemas that are newer than the code, and says what they change."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fink_lib.config import Settings
from fink_lib.errors import SurveyError
from fink_lib.maintenance.schema_samples import complaint, stored_samples
from fink_lib.notices.notice import Notice
from fink_lib.notices.outbox import queue
from fink_lib.notices.subscriptions import NIGHT, read_subscriptions
from fink_lib.surveys import Survey, running_surveys
from fink_lib.surveys.registry_schemas import registered_ids
from fink_lib.surveys.schema_changes import Change, Severity, changes

_MINORS = 100  # id = major * 100 + minor
_NAMED = 20


@dataclass(frozen=True)
class Found:
    """A schema that is newer than the code.

    Attributes
    ----------
    survey, number
        Whose, and its id.
    changed
        Fields that are others.
    complaints
        What stored packets could not be used if they were sent with it: version → why.
    """

    survey: str
    number: int
    changed: Sequence[Change]
    complaints: dict[str, str]

    @property
    def breaks(self) -> bool:
        """Whether alerts written with it would be lost to a part of the broker."""
        return bool(self.complaints) or any(one.severity is Severity.BREAKING for one in self.changed)

    @property
    def subject(self) -> str:
        """One line for people."""
        version = ".".join(map(str, divmod(self.number, _MINORS)))
        what = "BREAKS what is read" if self.breaks else "is additive" if self.changed else "changes no field"
        return f"{self.survey.upper()} schema {version} (id {self.number}) is registered, and {what}"

    def lines(self) -> Iterator[str]:
        """Yield what it changes, the worst first."""
        order = [Severity.BREAKING, Severity.GONE, Severity.ADDITIVE]
        ranked = sorted(self.changed, key=lambda one: order.index(one.severity))
        yield from (f"{one.severity}: {one.text}" for one in ranked[:_NAMED])
        if len(ranked) > _NAMED:
            yield f"and {len(ranked) - _NAMED} more"
        yield from (f"breaking: a stored packet of {version} {why}" for version, why in self.complaints.items())


def newer_schemas(settings: Settings, survey: Survey) -> list[Found]:
    """Return the schemas of a survey's registry that are newer than the code; each is then known to ingest.

    Parameters
    ----------
    settings
        Tell the registry of the survey; without one there is nothing newer.
    survey
        Whose schemas.

    Raises
    ------
    RegistryError
        When the registry does not answer.
    """
    registry = settings.of_survey(survey.name).registry
    if not registry or not survey.input.subjects:
        return []
    newest = tuple(map(int, survey.input.newest.split(".")))
    numbers = [one for one in registered_ids(registry, survey.input.subjects) if divmod(one, _MINORS) > newest]
    samples = dict(stored_samples(survey, settings.lake)) if numbers else {}
    return [_judged(survey, number, samples) for number in numbers]


def _judged(survey: Survey, number: int, samples: dict[str, dict[str, object]]) -> Found:
    schema = survey.framing.schema(number)
    told = {version: complaint(packet, schema, number, survey) for version, packet in samples.items()}
    complaints = {version: why for version, why in told.items() if why}
    return Found(survey.name, number, changes(schema, survey), complaints)


def watch(settings: Settings) -> Iterator[str]:
    """Say what is new, and tell who is told of nights.

    Raises
    ------
    RegistryError
        When a registry does not answer.
    SurveyError
        When a schema breaks what is read: the code is to be changed before packets come with it.
    """
    breaking = []
    for survey in running_surveys(settings):
        found = newer_schemas(settings, survey)
        if not found and settings.of_survey(survey.name).registry:
            yield f"{survey.name}: the registry has no schema that is newer than {survey.input.newest}"
        for one in found:
            yield one.subject
            yield from (f"  {line}" for line in one.lines())
            _tell(settings, one)
            breaking += [one.subject] if one.breaks else []
    if breaking:
        raise SurveyError("; ".join(breaking))


def _tell(settings: Settings, found: Found) -> None:
    """Put a notice into the outbox, once for each schema and verdict."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    verdict = "breaking" if found.breaks else "additive"
    facts = {"survey": found.survey, "schema_id": found.number, "breaks": found.breaks, "lines": list(found.lines())}
    key = f"{found.survey}.schema.{found.number}.{verdict}"
    notice = Notice(key, found.survey, today, found.subject, "\n".join(found.lines()), facts)
    for one in read_subscriptions(settings.notices):
        if one.survey == found.survey and one.event == NIGHT:
            queue(settings.lake, one, notice)
