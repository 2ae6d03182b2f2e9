"""What a person claims when a job is asked for, or run: nothing that he has not now."""

from fink_lib.accounts.claims import Claims, Scope, Via
from fink_lib.accounts.store import Store
from fink_lib.accounts.whole import whole_claims
from fink_lib.config import Settings
from fink_lib.errors import AccountError
from fink_lib.user_jobs.record import RIGHT, UserJob


def claims_of_person(settings: Settings, person: str) -> Claims:
    """Return all that a person may claim.

    Parameters
    ----------
    settings
        Say where the accounts are.
    person
        His name.

    Raises
    ------
    AccountError
        When there is none of that name, or he was revoked.
    """
    return whole_claims(Store(settings.home), person)


def claims_of_job(settings: Settings, job: UserJob) -> Claims:
    """Return what the person of a job claims: what he claimed when he asked, and still has.

    Parameters
    ----------
    settings
        Say where the accounts are.
    job
        With the rights and groups of its person when he asked.

    Raises
    ------
    AccountError
        When he was revoked, or may run jobs no longer.
    """
    now = claims_of_person(settings, job.person)
    rights, groups = now.rights & frozenset(job.rights), now.groups & frozenset(job.groups)
    if RIGHT not in rights:
        raise AccountError(f"person '{job.person}' has no right '{RIGHT}' any longer")
    return Claims(job.person, groups, rights=rights, scopes=frozenset({Scope.READ}), via=Via.TOKEN, key=job.name)
