"""How the versions of a survey's schema are read into one shape: fields that were renamed or changed their unit."""

from dataclasses import dataclass

from fink_lib.avro.renamed import Renaming, renamed
from fink_lib.avro.schema import resolved
from fink_lib.surveys.base import AvroSchema, Survey


@dataclass(frozen=True)
class FieldMapping(Renaming):
    """A field of older versions and the column that it is read as.

    Attributes
    ----------
    first, last
        First and last version of the survey's schema that writes it so.
    why
        What shows that both are the same quantity; for the reader of the table.
    """

    first: str = ""
    last: str = ""
    why: str = ""


def as_read(schema: AvroSchema, survey: Survey) -> AvroSchema:
    """Return a writer schema, resolved, under the names of the survey's columns.

    Parameters
    ----------
    schema
        As the survey published it.
    survey
        Whose mappings.

    Raises
    ------
    SurveyError
        When it names a type that it does not define, or is no record.
    """
    return renamed(resolved(schema), survey.mappings)
