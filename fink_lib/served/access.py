"""Who sees which rows, points, topics and tables: the one place that says so. What is not claimed is not seen. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from fink_lib.accounts.claims import Claims
from fink_lib.served.private import PrivateTable
from fink_lib.surveys import Survey
from fink_lib.surveys.base import Programme

PUBLIC_PROGRAMME = 1


@dataclass(frozen=True)
class Access:
    """What somebody sees of a survey.

    Attributes
    ----------
    survey
        Which.
    programmes
        Programmes that are not public and that he sees.
    """

    survey: Survey
    programmes: tuple[Programme, ...] = ()

    @property
    def is_public(self) -> bool:
        """Whether he sees what anybody sees."""
        return not self.programmes

    @property
    def is_whole(self) -> bool:
        """Whether he sees every row there can be: only then may he see counts over all of them."""
        return len(self.programmes) == len(self.survey.programmes)

    @property
    def rights(self) -> tuple[str, ...]:
        """Rights that he makes use of."""
        return tuple(right_of(self.survey, one) for one in self.programmes)

    @property
    def points(self) -> tuple[int, ...]:
        """Programmes of the points of a history that he sees."""
        return (PUBLIC_PROGRAMME, *(one.number for one in self.programmes))


def right_of(survey: Survey, programme: Programme) -> str:
    """Return the right that a person must have to see a programme.

    Parameters
    ----------
    survey
        The survey.
    programme
        One of its programmes.
    """
    return f"{survey.name}:{programme.name}"


def access_of(survey: Survey, claims: Claims) -> Access:
    """Return what somebody sees of a survey.

    Parameters
    ----------
    survey
        The survey.
    claims
        Who asks; anybody sees what is public.
    """
    return Access(survey, tuple(one for one in survey.programmes if claims.has(right_of(survey, one))))


def sees_topic(claims: Claims, topic: str, restricted: frozenset[str]) -> bool:
    """Tell whether somebody may see what is on a topic; restricted ones ask for the right ``topic:<name>``.

    Parameters
    ----------
    claims
        Who asks.
    topic
        Its name.
    restricted
        Names of the topics that are.
    """
    return topic not in restricted or claims.has(f"topic:{topic}")


def lost(claims: Claims, used: Collection[str]) -> list[str]:
    """Return what somebody lacks of what opened rows to a job or a table: rights, groups, or being its person.

    Parameters
    ----------
    claims
        Who asks.
    used
        As `Asking.used` has them.
    """
    return sorted(one for one in used if not claims.has(one) and not claims.sees(one))


def sees_table(claims: Claims, table: PrivateTable) -> bool:
    """Tell whether somebody sees a table of people: it is his or his group's, and he may see the rows it is made of.

    Parameters
    ----------
    claims
        Who asks.
    table
        The table.
    """
    return claims.sees(table.visibility) and not lost(claims, table.used)


def may_drop(claims: Claims, table: PrivateTable) -> bool:
    """Tell whether somebody may remove a table of people.

    Parameters
    ----------
    claims
        Who asks.
    table
        Any: rows of it he may see or not.
    """
    if claims.is_anonymous:
        return False
    return claims.person == table.owner or table.group in claims.admin_of


def beyond_group(group: str, owner: str, used: Collection[str], rights: Collection[str]) -> list[str]:
    """Return what of the rows behind a table not every member of its group may see; empty where all may.

    Parameters
    ----------
    group, owner
        Whose the table shall be, and who makes it: what was his alone he may hand on.
    used
        What opened the rows to the job that makes it.
    rights
        Those that the group itself has.
    """
    return sorted(set(used) - set(rights) - {f"group:{group}", f"person:{owner}"})
