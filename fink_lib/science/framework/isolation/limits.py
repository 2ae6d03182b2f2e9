"""How long a module may take, and how much memory it may ask for."""

from collections.abc import Mapping
from dataclasses import dataclass

from fink_lib.science.framework.base import Cost

# For each alert after the first, twenty times what its cost class says: a batch that takes longer has an alert that
# hangs, or a machine that is badly overloaded. Whether an alert fails is decided by `Limits.alert_s` alone.
SHARE_S: Mapping[Cost, float] = {Cost.CHEAP: 0.001, Cost.MODERATE: 0.02, Cost.HEAVY: 0.05}


@dataclass(frozen=True)
class Limits:
    """What no module may exceed.

    Attributes
    ----------
    alert_s
        Seconds that a module may take for one alert that is alone.
    load_s
        Seconds that a module may take to load its catalogues and models.
    search_s
        Seconds that the alerts are looked for, in one batch, that end or hold up the process of one module.
    memory_mb
        Memory, in MiB, that the process of the modules may ask for, over what it begins with.
    """

    alert_s: float = 10.0
    load_s: float = 120.0
    search_s: float = 180.0
    memory_mb: int = 4096

    def batch_s(self, cost: Cost, alerts: int) -> float:
        """Return the seconds that a module of a cost class may take for some alerts together.

        Parameters
        ----------
        cost
            Cost class of the module.
        alerts
            Number of alerts in the batch; for none or one it is `alert_s`.
        """
        return self.alert_s + max(alerts - 1, 0) * SHARE_S[cost]
