"""The words of the log: kinds of statements, where they come from, how they relate to what they cite."""

from enum import StrEnum


class Kind(StrEnum):
    """What is said."""

    CLASSIFICATION = "classification"
    VOTE = "vote"
    COMMENT = "comment"
    ANNOTATION = "annotation"
    TAG = "tag"
    CLAIM = "claim"
    BOARD = "board"
    CANDIDATE = "candidate"
    CITATION = "citation"
    WATCH_LIST = "watch_list"
    WATCH_MAP = "watch_map"
    WATCH_MATCH = "watch_match"
    PHOTOMETRY = "photometry"
    SPECTRUM = "spectrum"
    REACTION = "reaction"
    FOLLOWUP_REQUEST = "followup_request"
    FOLLOWUP_STATE = "followup_state"
    PUBLICATION = "publication"
    WITHDRAWAL = "withdrawal"


# What somebody wishes to be sent, and its steps: `fink_lib.followup.book` alone says them, each after a look at the
# step before
WISHES = frozenset({Kind.FOLLOWUP_REQUEST, Kind.PUBLICATION})
STEPWISE = WISHES | {Kind.FOLLOWUP_STATE}


class Origin(StrEnum):
    """Where a statement comes from; labels of people, programs and spectra are never pooled."""

    PERSON = "person"
    PROGRAM = "program"
    FACILITY = "facility"
    TNS = "tns"
    GCN = "gcn"
    HOPSKOTCH = "hopskotch"


# Citations of VOEvent 2.0 (IVOA Recommendation 2011-07-11, section 3.6), and relations of DataCite 4.6 that fit
VOEVENT_RELATIONS = ("followup", "supersedes", "retraction")
DATACITE_RELATIONS = ("Cites", "IsCitedBy", "References", "IsReferencedBy", "IsDerivedFrom", "IsSupplementTo")
RELATIONS = (*VOEVENT_RELATIONS, *DATACITE_RELATIONS)

PUBLIC = "public"
GROUP, RIGHTS, PERSON = "group:", "rights:", "person:"
