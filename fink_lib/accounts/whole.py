"""All that a person may claim."""

from fink_lib.accounts.claims import Claims, Scope, Via
from fink_lib.accounts.people import PERSON, groups_of, require, rights_of
from fink_lib.accounts.store import Store


def whole_claims(store: Store, person: str) -> Claims:
    """Return all that a person may claim now.

    Parameters
    ----------
    store
        Where.
    person
        His name.

    Raises
    ------
    AccountError
        When there is none of that name, or he was revoked.
    """
    with store.reading() as accounts:
        require(accounts, PERSON, person)
        rights, groups = frozenset(rights_of(accounts, person)), frozenset(groups_of(accounts, person))
    return Claims(person, groups, rights=rights, scopes=frozenset(Scope), via=Via.TOKEN)
