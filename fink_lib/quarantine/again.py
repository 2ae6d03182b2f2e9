"""Alerts that enrich set aside for an error that nobody foresaw: it is asked to try them again, once that is mended.

They are in bronze; silver has one writer, enrich's driver. So nothing is written here but the request.
"""

import logging

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.config import Settings
from fink_lib.lake.releases import KEY, Action, read_releases, without
from fink_lib.quarantine.release import Decision, Outcome
from fink_lib.streams.requests import Asked, Requests
from fink_lib.streams.runners import runner_of
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import Damage, Survey

logger = logging.getLogger(__name__)

WAIT_S = 180.0  # a driver looks every five seconds, ends its batch, and does what is asked before the next one


def of_enrich(rows: pa.Table) -> pa.Table:
    """Return the messages of a quarantine that enrich can be asked to try again."""
    mine = pc.and_(pc.equal(rows["stage"], str(Stage.ENRICH)), pc.equal(rows["error_class"], str(Damage.UNFORESEEN)))
    return rows.filter(mine)


def ask_again(
    settings: Settings, survey: Survey, rows: pa.Table, decision: Decision, wait_s: float = WAIT_S
) -> Outcome:
    """Ask enrich to try alerts again, and wait for what becomes of them where its driver runs.

    Parameters
    ----------
    settings, survey
        Whose alerts.
    rows
        Which: place, stage, night and name of each.
    decision
        Who asks, and why: kept with the release of each.
    wait_s
        How long a driver that runs is waited for.
    """
    if not rows.num_rows:
        return Outcome(Action.REPLAYED, 0)
    spec = StreamSpec(survey.name, Stage.ENRICH, settings)
    asked = [
        Asked(
            night=str(row["night"]),
            alert_id=row["alert_id"],
            topic=row["kafka_topic"],
            partition=row["kafka_partition"],
            offset=row["kafka_offset"],
            who=decision.who,
            why=decision.why,
        )
        for row in rows.to_pylist()
    ]
    requests = Requests(spec)
    requests.add(asked)
    runs = runner_of(settings).find(spec) is not None
    waiting = len(requests.wait(asked, wait_s if runs else 0.0))
    left = without(rows, read_releases(settings.lake, survey.name), KEY).num_rows
    logger.info("asked stream=%s alerts=%d waiting=%d left=%d", spec.name, len(asked), waiting, left)
    still = {str(Damage.UNFORESEEN): left - waiting} if left > waiting else {}
    return Outcome(Action.REPLAYED, len(asked), len(asked) - left, still_damaged=still, waiting=waiting)
