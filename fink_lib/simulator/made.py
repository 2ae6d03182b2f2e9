"""A night that is made: its packets written, framed and named as the survey would have."""

import io
from pathlib import Path

import fastavro

from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.simulated import MadeNight

SEED = 0


def make_night(folder: Path, made: MadeNight, survey: Survey) -> Path:
    """Write the packets of a made night, one a file named by its alert id.

    Parameters
    ----------
    folder
        Is made.
    made, survey
        What to make, and whose framing and schemas it gets.

    Raises
    ------
    PacketError
        When the schema of its version is not known.
    """
    schema = survey.framing.schema(made.schema_id)
    writer = fastavro.parse_schema(schema)
    folder.mkdir()
    for packet in made.make(schema, made.night, made.alerts, SEED):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, writer, packet)
        name = value_at(packet, survey.fields.alert_id)
        (folder / f"{name}.avro").write_bytes(survey.framing.wrap(schema, out.getvalue()))
    return folder
