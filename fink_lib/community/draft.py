"""What somebody wants to say, checked: the one shape of API, command, Kafka and DAGs."""

import json
import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from fink_lib.community.bodies import BODIES, Line, Name, Night
from fink_lib.community.ids import STATEMENT_ID
from fink_lib.community.kinds import GROUP, PERSON, PUBLIC, RELATIONS, RIGHTS, Kind
from fink_lib.community.texts import MOST_BODY_BYTES, MOST_CONTENT_BYTES, sound_facts
from fink_lib.contracts.base import Contract
from fink_lib.surveys import SURVEYS

# Schemes of identifiers that can be cited; `fink:` names what stands in a lake
URI = re.compile(r"(ivo://|doi:10\.\d{4,9}/|bibcode:|tns:|gcn:|atel:|arxiv:|https?://|fink:)[^\s<>\"]{1,500}")
VISIBILITY = rf"^({PUBLIC}|({GROUP}|{RIGHTS}|{PERSON})[A-Za-z0-9][A-Za-z0-9_:.-]{{0,63}})$"
OF_OBJECTS = frozenset({
    Kind.CLASSIFICATION, Kind.CLAIM, Kind.CANDIDATE, Kind.PHOTOMETRY, Kind.SPECTRUM, Kind.FOLLOWUP_REQUEST,
    Kind.WATCH_MATCH, Kind.PUBLICATION,
})  # fmt: skip
OF_STATEMENTS = frozenset({Kind.VOTE, Kind.FOLLOWUP_STATE})
OF_ANYTHING = frozenset({Kind.COMMENT, Kind.ANNOTATION, Kind.TAG, Kind.CITATION})
LABELLED = frozenset({Kind.CLASSIFICATION, Kind.TAG})


def _cited(uri: str) -> str:
    if not URI.fullmatch(uri):
        raise ValueError("give an identifier: ivo://, doi:10., bibcode:, tns:, gcn:, atel:, arxiv:, https:// or fink:")
    return uri


def _statement(name: str) -> str:
    if not STATEMENT_ID.fullmatch(name):
        raise ValueError("give the id of a statement")
    return name


StatementId = Annotated[str, AfterValidator(_statement)]


class Cited(Contract):
    """Something that is cited, and how."""

    name: ClassVar[str] = "citation"
    uri: Annotated[str, AfterValidator(_cited)]
    relation: Literal[RELATIONS]  # type: ignore[valid-type]  # the words stand in one place


class Draft(Contract):
    """A statement before it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: ClassVar[str] = "statement"

    kind: Annotated[Kind, Field(strict=False, description="What is said.")]
    survey: Annotated[str | None, Field(description="Whose object or alert it is about.")] = None
    object_id: Annotated[str | None, Field(description="The object that it is about.")] = None
    alert_id: Annotated[int | None, Field(ge=-(2**63), lt=2**63, description="The alert.")] = None
    about_night: Annotated[Night | None, Field(description="The night.")] = None
    about_statement: Annotated[StatementId | None, Field(description="The statement.")] = None
    ra: Annotated[float | None, Field(ge=0, lt=360, description="deg")] = None
    dec: Annotated[float | None, Field(ge=-90, le=90, description="deg")] = None
    agent_version: Line | None = None
    taxonomy: Annotated[str | None, Field(pattern=r"^[a-z0-9_-]{1,64}/[0-9]{1,4}$")] = None
    label: Annotated[Line | None, Field(min_length=1)] = None
    probability: Annotated[float | None, Field(ge=0, le=1, strict=False)] = None
    visibility: Annotated[str, Field(pattern=VISIBILITY)] = PUBLIC
    supersedes: StatementId | None = None
    cites: Annotated[list[Cited], Field(max_length=100)] = Field(default_factory=list)
    idempotency_key: Annotated[Name | None, Field(description="The same key again adds nothing.")] = None
    body: dict[str, Any] = Field(default_factory=dict)
    content_type: Annotated[str | None, Field(pattern=r"^[a-z]+/[a-z0-9.+-]{1,80}$")] = None
    content: Annotated[bytes | None, Field(max_length=MOST_CONTENT_BYTES)] = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._check_subject()
        if self.kind in LABELLED and self.label is None:
            raise ValueError(f"a {self.kind} has a label")
        if self.kind == Kind.CLASSIFICATION and self.taxonomy is None:
            raise ValueError("a classification names the taxonomy of its label")
        if self.kind == Kind.WITHDRAWAL and self.supersedes is None:
            raise ValueError("a withdrawal names the statement that it withdraws: supersedes")
        if self.kind == Kind.CITATION and not self.cites:
            raise ValueError("a citation cites something")
        if len(self.body_json) > MOST_BODY_BYTES and self.kind not in {Kind.PHOTOMETRY, Kind.SPECTRUM}:
            raise ValueError(f"its body has {len(self.body_json)} bytes, of at most {MOST_BODY_BYTES}")
        return self

    def _check_subject(self) -> None:
        named = [one for one in (self.object_id, self.alert_id, self.about_night, self.about_statement)
                 if one is not None]  # fmt: skip
        if self.kind in OF_OBJECTS and self.object_id is None:
            raise ValueError(f"a {self.kind} is about an object")
        if self.kind in OF_STATEMENTS and self.about_statement is None:
            raise ValueError(f"a {self.kind} is about a statement")
        if self.kind in OF_ANYTHING and not named:
            raise ValueError("say what it is about: object_id, alert_id, about_night or about_statement")
        if (
            self.object_id is not None or self.alert_id is not None or self.about_night is not None
        ) and not self.survey:
            raise ValueError("objects, alerts and nights are those of a survey")
        if self.survey is not None and self.survey not in SURVEYS:
            raise ValueError(f"there is no survey '{self.survey}': {', '.join(sorted(SURVEYS))}")
        if self.object_id is not None and self.survey is not None:
            self._check_object(self.object_id, SURVEYS[self.survey].fields.object_name)
        if (self.ra is None) != (self.dec is None):
            raise ValueError("a place has ra and dec")

    def _check_object(self, object_id: str, pattern: str) -> None:
        if not re.fullmatch(pattern, object_id):
            raise ValueError(f"objects of {self.survey} are not called so")

    @property
    def checked_body(self) -> dict[str, Any]:
        """The body in the shape of its kind, with what it leaves out filled in."""
        return BODIES[self.kind].of(sound_facts(self.body)).model_dump(mode="json")

    @property
    def body_json(self) -> str:
        """The body as it is kept."""
        return json.dumps(self.checked_body, ensure_ascii=False, sort_keys=True, allow_nan=False)
