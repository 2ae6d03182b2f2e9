"""Remote catalogues, asked outside the streams: an answer is a match, none, or "unavailable", never a guess."""

from fink_lib.catalogs.remote.match import Answer, State, match_remote
from fink_lib.catalogs.remote.service import REMOTE, CrossmatchService, RemoteCatalog

__all__ = ["REMOTE", "Answer", "CrossmatchService", "RemoteCatalog", "State", "match_remote"]
