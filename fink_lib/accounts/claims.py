"""What is known of who asks. What is not claimed grants nothing. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

PUBLIC = "public"


class Scope(StrEnum):
    """What a token may be used for."""

    READ = "read"
    WRITE = "write"


class Via(StrEnum):
    """How somebody made himself known."""

    NOTHING = "nothing"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a word


@dataclass(frozen=True)
class Claims:
    """Who asks, and what he may.

    Attributes
    ----------
    person
        Name of the account; empty for anybody.
    groups, admin_of
        Groups that he belongs to, and those of them that he administers.
    rights
        Rights to rows that are not public, ``<survey>:<right>``.
    scopes
        What he may do.
    via
        How he made himself known.
    key
        Digest of the session or of the token; empty for anybody.
    proof
        What a form of our own pages carries, of a session.
    """

    person: str = ""
    groups: frozenset[str] = frozenset()
    admin_of: frozenset[str] = frozenset()
    rights: frozenset[str] = frozenset()
    scopes: frozenset[Scope] = frozenset({Scope.READ})
    via: Via = Via.NOTHING
    key: str = ""
    proof: str = field(default="", repr=False)

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody is known to ask."""
        return not self.person

    def has(self, right: str) -> bool:
        """Tell whether a right is claimed."""
        return right in self.rights

    def may(self, scope: Scope) -> bool:
        """Tell whether something may be done; nobody but a person writes."""
        return scope in self.scopes and (scope is Scope.READ or not self.is_anonymous)

    def sees(self, visibility: str) -> bool:
        """Tell whether something of a visibility is seen.

        Parameters
        ----------
        visibility
            ``public``, ``group:<name>``, ``rights:<right>`` or ``person:<name>``; anything else is seen by nobody.
        """
        kind, _, name = visibility.partition(":")
        seen = {"group": self.groups, "rights": self.rights, "person": {self.person} - {""}}
        return visibility == PUBLIC or name in seen.get(kind, frozenset())


ANONYMOUS = Claims()
