"""Shares with their intervals."""

from statistics import NormalDist


def share(hits: int, of: int) -> str:
    """Return a share in percent with its 95 % interval (Wilson 1927, JASA 22, 209); empty where there is nothing.

    Parameters
    ----------
    hits
        How many of them.
    of
        Out of how many.
    """
    if not of:
        return ""
    z = NormalDist().inv_cdf(0.975)
    part, weight = hits / of, z * z / of
    middle = (part + weight / 2.0) / (1.0 + weight)
    half = z * (part * (1.0 - part) / of + weight / (4.0 * of)) ** 0.5 / (1.0 + weight)
    return f"{100.0 * part:.1f} [{100.0 * max(0.0, middle - half):.1f}, {100.0 * min(1.0, middle + half):.1f}]"
