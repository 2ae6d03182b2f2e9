"""Counterparts of events of other messengers, on topics of their own: which leave by which, and what stands there."""
