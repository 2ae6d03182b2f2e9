"""Who sees which rows, points and topics: the one place that says so. What is not claimed is not seen. Pure."""

from dataclasses import dataclass

from fink_lib.accounts.claims import Claims
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
