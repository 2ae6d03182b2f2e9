"""The job of the `deliver_notices` DAG."""

from fink_lib.config import Settings
from fink_lib.errors import BrokerError
from fink_lib.notices.outbox import Action, entries
from fink_lib.notices.run import deliver_waiting
from fink_lib.notices.subscriptions import read_subscriptions
from fink_lib.processes.endings import run_job


def main() -> int:
    """Run the job; return an exit code, after one sentence on stderr when it fails."""
    return run_job("deliver_notices", lambda: [deliver(Settings())])


def deliver(settings: Settings) -> str:
    """Deliver what waits; return one sentence.

    Raises
    ------
    BrokerError
        When a notice could not be delivered, or nobody knows whether it was.
    """
    ended = deliver_waiting(settings, read_subscriptions(settings.notices))
    sentence = f"{ended[Action.DELIVERED]} notices delivered"
    uncertain = ended[Action.SENDING] + ended[Action.UNCERTAIN]
    bad = {"not taken": ended[Action.FAILED], "uncertain": uncertain}
    if any(bad.values()):
        told = ", ".join(f"{count} {name}" for name, count in bad.items() if count)
        last = max((one for one in entries(settings.lake) if one.error), key=lambda one: one.at, default=None)
        reason = f"; the last one said: {last.error}" if last else ""
        raise BrokerError(f"{sentence}, {told}{reason}; `fink notices list` shows them")
    return sentence
