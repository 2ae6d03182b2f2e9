"""What a writer schema is to a survey: which of its fields are new or of another type, and where its datums are cut."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from fink_lib.avro.reader import Reader
from fink_lib.avro.schema import AvroSchema, cut_point, leaf_paths, sha256_of
from fink_lib.errors import SurveyError
from fink_lib.surveys import Survey
from fink_lib.surveys.checks import refusal
from fink_lib.surveys.mapping import as_read
from fink_lib.surveys.tables import packet_schema


@dataclass(frozen=True)
class Writer:
    """A writer schema of a survey.

    Attributes
    ----------
    sha256, text
        Digest of its full text, and the text.
    version
        What the schema says of itself; None where it says nothing.
    schema
        The same with every named type written out, under the names of the survey's columns.
    cut
        Root field at which datums are cut into head and tail; None where the head is the whole.
    new_fields
        Paths of fields that the survey's folder does not know.
    retyped_fields
        Path → Avro type, of fields that it knows with another type: their columns are null.
    refusal
        Why its datums are no alerts; empty where they are.
    """

    sha256: str
    text: str
    version: str | None
    schema: AvroSchema
    cut: str | None
    new_fields: tuple[str, ...]
    retyped_fields: Mapping[str, str]
    refusal: str


class Writers:
    """The writer schemas of one survey that were met: a bounded number of them is remembered.

    Parameters
    ----------
    survey
        Whose packets they write.
    most
        How many are remembered.
    """

    def __init__(self, survey: Survey, most: int = 256) -> None:
        self._known = lru_cache(maxsize=most)(lambda text: writer_of(text, survey))

    def of(self, text: str) -> Writer:
        """Describe a writer schema.

        Raises
        ------
        SurveyError
            When it is no valid schema of a record.
        """
        return self._known(text)


def writer_of(text: str, survey: Survey) -> Writer:
    """Describe a writer schema, given as JSON.

    Parameters
    ----------
    text
        Full text of the schema.
    survey
        Whose packets it writes.

    Raises
    ------
    SurveyError
        When it is no valid schema of a record.
    """
    try:
        parsed = json.loads(text)
        found = as_read(parsed, survey)
    except (KeyError, TypeError, ValueError, AttributeError) as error:  # it comes from outside and may be anything
        raise SurveyError(f"the writer schema cannot be read: {error!r}") from error
    known = packet_schema(survey, cutouts=True)
    retyped = dict(Reader(found, known).mismatched)
    written, read = list(dict.fromkeys(leaf_paths(found))), set(leaf_paths(survey.reader_schema))
    return Writer(
        sha256=sha256_of(text),
        text=text,
        version=str(parsed["version"]) if "version" in parsed else None,
        schema=found,
        cut=cut_point(found, survey.cutout_roots),
        new_fields=tuple(path for path in written if path not in read and path not in retyped),
        retyped_fields=retyped,
        refusal=refusal(survey.name, survey.fields.required, set(written), retyped),
    )
