"""Pages of logins: by a link that works once, by an issuer; one's own account with its tokens."""

import datetime as dt
from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fink_lib.accounts import people, sessions, tokens
from fink_lib.accounts.claims import Claims, Scope
from fink_lib.accounts.oidc import PENDING_S, Issuer, issuer_of
from fink_lib.accounts.store import Store
from fink_lib.accounts.web import COOKIE, PROOF_FIELD, give_cookie, is_own_origin, known, require_own_form, who
from fink_lib.config import Settings
from fink_lib.errors import AccountError, HostError
from fink_lib.portal.drawing import page
from fink_lib.served.results.names import kafka_account
from fink_lib.user_jobs.topics import account_in_kafka

PENDING = "fink_login"
CALLBACK = "/login/callback"
SEE_OTHER, BAD, FORBIDDEN = 303, 400, 403
TOKEN_DAYS = (7, 90, 365)
Act = Callable[[Request, FormData], Response]


def add_logins(app: FastAPI, settings: Settings) -> None:
    """Add the pages to an application whose state has the accounts.

    Parameters
    ----------
    app
        The application; its state has the accounts.
    settings
        Say who issues identities, if anybody does.
    """
    made = Logins(app.state.accounts, settings)
    for path, answer in (("/login", made.ask), ("/login/link", made.link), ("/login/issuer", made.issuer),
                         (CALLBACK, made.callback), ("/account", made.account)):  # fmt: skip
        app.add_route(path, _told(answer), methods=["GET"], include_in_schema=False)
    for path, act in (
        ("/login/link", made.use_link),
        ("/logout", made.logout),
        ("/account/tokens", made.add_token),
        ("/account/tokens/revoke", made.revoke_token),
        ("/account/kafka", made.make_kafka_account),
    ):
        app.add_route(path, _acting(act), methods=["POST"], include_in_schema=False)


class Logins:
    """The pages of one home.

    Parameters
    ----------
    store, settings
        Its accounts, and which issuer it trusts.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._issuer: Issuer | None = None

    def ask(self, request: Request) -> Response:
        """Show the ways to log in."""
        following = local(request.query_params.get("next", "/"))
        name = self._settings.oidc_issuer if self._settings.oidc_client_id else ""
        return page("login.html.j2", q="", issuer=name, following=following, key="")

    def link(self, request: Request) -> Response:
        """Ask whether to use a link: what looks at links in mails does not press a button."""
        key = request.query_params.get("key", "")
        return page("login.html.j2", q="", issuer="", following="/", key=key)

    def use_link(self, request: Request, form: FormData) -> Response:
        """Log in by a link.

        Parameters
        ----------
        request
            Sent by a page of this broker.
        form
            With the `key` of the link.

        Raises
        ------
        HTTPException
            When another site sent the form.
        AccountError
            When the link is used up, too old, or none.
        """
        if not is_own_origin(request):
            raise HTTPException(FORBIDDEN, "this form was not sent by a page of this broker")
        person = sessions.use_link(self._store, str(form.get("key", "")))
        return self._logged_in(request, person, frozenset(), "/account")

    def issuer(self, request: Request) -> Response:
        """Send a browser to the issuer."""
        following = local(request.query_params.get("next", "/"))
        where, pending = self._known_issuer().begin(self._store, self._back(request), following)
        answer = RedirectResponse(where, SEE_OTHER)
        answer.set_cookie(PENDING, pending, max_age=PENDING_S, httponly=True, samesite="lax", path=CALLBACK,
                          secure=request.url.scheme == "https")  # fmt: skip
        return answer

    def callback(self, request: Request) -> Response:
        """Take a browser that comes back from the issuer."""
        pending = request.cookies.get(PENDING, "")
        identity, following = self._known_issuer().finish(self._store, pending, dict(request.query_params))
        person = people.of_identity(self._store, identity.issuer, identity.subject, identity.name, identity.email)
        answer = self._logged_in(request, person, identity.rights, local(following))
        answer.delete_cookie(PENDING, path=CALLBACK)
        return answer

    def logout(self, request: Request, form: FormData) -> Response:
        """End the session.

        Parameters
        ----------
        request
            With the cookie of the session.
        form
            With the proof that a page of this broker made it.
        """
        sessions.end(self._store, self._own(request, form))
        answer = RedirectResponse("/", SEE_OTHER)
        answer.delete_cookie(COOKIE)
        return answer

    def account(
        self, request: Request, fresh: str = "", said: str = "", kafka: dict[str, str] | None = None
    ) -> Response:
        """Show who is logged in, what he may see, and his tokens.

        Parameters
        ----------
        request
            With the cookie of the session; without one it leads to the login.
        fresh
            A token that was made just now, to be shown this once.
        said
            What went wrong; the status is then that of a bad request.
        kafka
            An account in Kafka that was made just now: user, password and address.
        """
        claims = who(request)
        if claims.is_anonymous:
            return RedirectResponse("/login?next=/account", SEE_OTHER)
        rows = [{**row, "until": dt.datetime.fromtimestamp(float(str(row["expires_at"])), dt.UTC)}
                for row in tokens.everyone(self._store, claims.person)]  # fmt: skip
        return page("account.html.j2", BAD if said else 200, q="", claims=claims, tokens=rows, fresh=fresh, said=said,
                    days=TOKEN_DAYS, kafka=kafka, account=kafka_account(claims.person))  # fmt: skip

    def make_kafka_account(self, request: Request, form: FormData) -> Response:
        """Make one's own account in Kafka, or give it another password, and show that once.

        Parameters
        ----------
        request
            With the cookie of the session.
        form
            With the proof that a page of this broker made it.
        """
        try:
            return self.account(request, kafka=account_in_kafka(self._settings, self._own(request, form)))
        except HostError as error:
            return self.account(request, said=f"{error}")

    def add_token(self, request: Request, form: FormData) -> Response:
        """Make a token and show it once.

        Parameters
        ----------
        request
            With the cookie of the session.
        form
            `name`, `days`, `write`, and `group` and `right`, each as often as wanted; days are bounded by `TOKEN_DAYS`.
        """
        claims = self._own(request, form)
        chosen = {name: [str(one) for one in form.getlist(name)] for name in ("group", "right")}
        scopes = (Scope.READ, Scope.WRITE) if form.get("write") else (Scope.READ,)
        try:
            days = float(str(form.get("days", TOKEN_DAYS[0])))
            secret = tokens.add(self._store, claims.person, str(form.get("name", "")), scopes=scopes,
                                days=min(max(days, 1.0), TOKEN_DAYS[-1]), groups=chosen["group"],
                                rights=chosen["right"])  # fmt: skip
        except (AccountError, ValueError) as error:
            return self.account(request, said=f"{error}")
        return self.account(request, fresh=secret)

    def revoke_token(self, request: Request, form: FormData) -> Response:
        """Make one of one's own tokens worthless.

        Parameters
        ----------
        request
            With the cookie of the session.
        form
            With the name of the `token`.
        """
        claims = self._own(request, form)
        tokens.revoke(self._store, str(form.get("token", "")), claims.person)
        return RedirectResponse("/account", SEE_OTHER)

    def _own(self, request: Request, form: FormData) -> Claims:
        claims = known(request)
        require_own_form(request, claims, str(form.get(PROOF_FIELD, "")))
        return claims

    def _logged_in(self, request: Request, person: str, rights: frozenset[str], following: str) -> Response:
        answer = RedirectResponse(following, SEE_OTHER)
        give_cookie(request, answer, sessions.begin(self._store, person, rights))
        return answer

    def _known_issuer(self) -> Issuer:
        self._issuer = self._issuer or issuer_of(self._settings)
        if self._issuer is None:
            raise AccountError("this broker knows no issuer: ask its operator for a link to log in with")
        return self._issuer

    def _back(self, request: Request) -> str:
        base = self._settings.api_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
        return base + CALLBACK


def local(address: str) -> str:
    """Return an address of this host; the first page for any other one."""
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_ours else "/"


def _acting(act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        async with request.form(max_files=0) as form:
            return await run_in_threadpool(_told(lambda one: act(one, form)), request)

    return answer


def _told(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Return what answers, and says as a page what went wrong."""

    def told(request: Request) -> Response:
        try:
            return answer(request)
        except AccountError as error:
            said, status = f"{error}", BAD
        except HTTPException as error:
            said, status = f"{error.detail}", error.status_code
        return page("nothing.html.j2", status, q="", said=f"{said[:1].upper()}{said[1:]}.", close=())

    return told
