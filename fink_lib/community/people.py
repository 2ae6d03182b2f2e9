"""Who speaks and who reads: the claims of an account, of which an absent one grants nothing."""

from dataclasses import dataclass

from fink_lib.accounts.claims import Claims, Scope, Via
from fink_lib.community.kinds import GROUP, PERSON, PUBLIC, RIGHTS

BROKER = "broker"


@dataclass(frozen=True)
class Person:
    """An account with what it may.

    Attributes
    ----------
    name
        Its name; empty for a stranger, who may read what is public.
    groups
        Groups that it is a member of.
    admin_of
        Those among them that it may act for.
    rights
        Rights of data, for example ``lsst``.
    is_program
        Whether a program speaks by a token of its own.
    """

    name: str = ""
    groups: frozenset[str] = frozenset()
    admin_of: frozenset[str] = frozenset()
    rights: frozenset[str] = frozenset()
    is_program: bool = False

    @property
    def sees(self) -> tuple[str, ...]:
        """Visibilities that it may read."""
        of_groups = (GROUP + name for name in sorted(self.groups))
        own = (PERSON + self.name,) if self.name else ()
        return PUBLIC, *own, *of_groups, *(RIGHTS + name for name in sorted(self.rights))

    def may_see(self, visibility: str) -> bool:
        """Tell whether it may read a statement of a visibility."""
        return visibility in self.sees

    def acts_for(self, visibility: str) -> bool:
        """Tell whether it may withdraw what others said to a group."""
        return visibility.startswith(GROUP) and visibility.removeprefix(GROUP) in self.admin_of


@dataclass(frozen=True)
class Broker(Person):
    """The broker itself, which sees what it keeps.

    Attributes
    ----------
    visibilities
        Those of the statements that there are.
    """

    name: str = BROKER
    visibilities: tuple[str, ...] = ()
    is_program: bool = True

    @property
    def sees(self) -> tuple[str, ...]:
        """Visibilities that it may read: all."""
        return PUBLIC, *self.visibilities


STRANGER = Person()


def person_of(claims: Claims) -> Person:
    """Return whom the community's log knows; a token speaks for a program, whoever owns it."""
    if Scope.READ not in claims.scopes:
        return STRANGER
    return Person(claims.person, claims.groups, claims.admin_of, claims.rights, claims.via is Via.TOKEN)
