"""ZTF: whether the alert belongs to the Solar System, by the values of `roid`."""

from fink_lib.filters.conditions import differs, equals

FIRST, CANDIDATE, KNOWN = 1, 2, 3

FIRST_DETECTION = equals("roid", FIRST)
CANDIDATE_SSO = equals("roid", CANDIDATE)
KNOWN_SSO = equals("roid", KNOWN)
NOT_KNOWN_SSO = differs("roid", KNOWN)
NOT_MOVING = differs("roid", CANDIDATE, KNOWN)
