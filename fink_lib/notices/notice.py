"""What is told: a night that closed or stays open, the alerts that a filter sent in a night, a filter that is slow."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from fink_lib.lake.reading import read
from fink_lib.notices.subscriptions import Subscription
from fink_lib.storage import LakePath

SHOWN = 20  # alerts in the text; all of them are in the facts


@dataclass(frozen=True)
class Notice:
    """One thing to tell.

    Attributes
    ----------
    key
        Names the event: the same event has the same key, whoever tells of it and however often.
    survey, night
        Which night.
    subject, text
        One line, and some lines, for people.
    facts
        The same for programs.
    alert_ids
        Alerts that it tells of.
    """

    key: str
    survey: str
    night: str
    subject: str
    text: str
    facts: Mapping[str, Any]
    alert_ids: tuple[int, ...] = ()


def of_night(manifest: Mapping[str, Any]) -> Notice:
    """Tell how a night stands; a night that is closed again as before is the same event."""
    survey, night, closed = manifest["survey"], manifest["night"], bool(manifest["ok"])
    state = "closed" if closed else "open"
    subject = f"{survey.upper()} night {night} {'is closed' if closed else 'STAYS OPEN'}"
    lines = [*manifest["equations"], *(f"critical: {name}" for name in manifest["critical_failed"])]
    facts = {name: manifest[name] for name in ("survey", "night", "ok", "equations", "published", "lost")}
    return Notice(f"{survey}.{night}.{state}", survey, night, subject, "\n".join(lines), facts)


def of_filter(lake: LakePath, survey: str, night: str, name: str, told: Collection[int]) -> Notice | None:
    """Tell of the alerts that a filter sent in a night and that were not told of before; None when there are none.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Its name.
    night
        YYYY-MM-DD.
    name
        Of the filter.
    told
        Ids of alerts that were told of before.
    """
    rows = read(
        "gold", survey, "published", night=night, columns=["alert_id", "object_id", "topic"],
        where=pc.field("filter") == name, lake=lake,
    ).to_pylist()  # fmt: skip
    fresh = sorted((row for row in rows if row["alert_id"] not in told), key=lambda row: row["alert_id"])
    if not fresh:
        return None
    ids = tuple(row["alert_id"] for row in fresh)
    # Named by its first alert: that alert is told of once, so this key comes once.
    return Notice(
        key=f"{survey}.{night}.filter.{name}.{ids[0]}",
        survey=survey,
        night=night,
        subject=f"{name}: {len(fresh)} new {'alert' if len(fresh) == 1 else 'alerts'} of {survey.upper()}, {night}",
        text=_listed(fresh),
        facts={"survey": survey, "night": night, "filter": name, "topic": fresh[0]["topic"], "alert_ids": list(ids)},
        alert_ids=ids,
    )


def of_slow_filter(survey: str, name: str, reason: str, *, off: int | None = None) -> Notice:
    """Tell of a filter that takes too long.

    Parameters
    ----------
    survey, name
        Which filter.
    reason
        Measured and allowed time.
    off
        Number of the event that switched it off; None of a filter of the broker, which is told of once a night.
    """
    night = dt.datetime.now(dt.UTC).date().isoformat()
    once = night if off is None else str(off)
    way_out = (
        "It is one of the broker's own and goes on."
        if off is None
        else f"Nothing more is sent by it until it is made cheaper, or `fink filters activate {name}` is run again."
    )
    return Notice(
        key=f"{survey}.filter.{name}.slow.{once}",
        survey=survey,
        night=night,
        subject=f"{survey.upper()} filter {name} {'is slow' if off is None else 'was SWITCHED OFF'}",
        text=f"{reason}\n{way_out}",
        facts={"survey": survey, "filter": name, "switched_off": off is not None, "reason": reason},
    )


def _listed(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"{row['object_id']}  {row['alert_id']}" for row in rows[:SHOWN]]
    return "\n".join([*lines, f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else lines)


def notice_of(
    lake: LakePath, subscription: Subscription, manifest: Mapping[str, Any], told: Collection[int]
) -> Notice | None:
    """Return what a subscription is to be told of a night.

    Parameters
    ----------
    lake
        Root folder of the tables.
    subscription
        To a night or to a filter.
    manifest
        Of the night.
    told
        Ids of alerts that it was told of before; for a filter alone.

    Returns
    -------
    None when there is nothing new to tell.
    """
    if subscription.filter is None:
        return of_night(manifest)
    return of_filter(lake, manifest["survey"], manifest["night"], subscription.filter, told)
