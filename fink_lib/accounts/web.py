"""Who asks, out of a request: by a token, else by the cookie of a session, else nobody. For FastAPI's `Depends`."""

import base64
import binascii
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.accounts import sessions, tokens
from fink_lib.accounts.claims import ANONYMOUS, Claims, Scope, Via
from fink_lib.accounts.store import Store

COOKIE = "fink_session"
PROOF_FIELD, PROOF_HEADER = "form_proof", "X-Form-Proof"
ASK = {"WWW-Authenticate": 'Bearer realm="fink", Basic realm="fink"'}
UNAUTHORIZED, FORBIDDEN = 401, 403


def store_of(request: Request) -> Store | None:
    """Return the accounts of the application, None where it has none."""
    found = getattr(request.app.state, "accounts", None)
    return found if isinstance(found, Store) else None


def who(request: Request) -> Claims:
    """Return who asks.

    Raises
    ------
    HTTPException
        401 when a token is sent that is worth nothing: whoever sends one wants to be known.
    """
    known = getattr(request.state, "claims", None)
    if isinstance(known, Claims):
        return known
    request.state.claims = found = _claims(request)
    return found


def known(request: Request) -> Claims:
    """Return who asks, where he is known.

    Raises
    ------
    HTTPException
        401 when nobody is.
    """
    claims = who(request)
    if claims.is_anonymous:
        raise HTTPException(UNAUTHORIZED, "log in, or send a token", headers=ASK)
    return claims


def writer(request: Request) -> Claims:
    """Return who asks, where he may write and it is he himself: a browser proves that the page is one of ours.

    The proof is looked for in the header `PROOF_HEADER`; a form carries it as the field `PROOF_FIELD`, which is for
    the caller to hand to `require_own_form`.

    Raises
    ------
    HTTPException
        401 when nobody is known, 403 when he may not.
    """
    claims = known(request)
    if not claims.may(Scope.WRITE):
        raise HTTPException(FORBIDDEN, "this token may not write: its scopes lack 'write'")
    if claims.via is Via.SESSION:
        require_own_form(request, claims, request.headers.get(PROOF_HEADER, ""))
    return claims


def require_own_form(request: Request, claims: Claims, proof: str) -> None:
    """Ask that one of our own pages sent a form, in a session. A token may less than its owner: pages ask no scope.

    Parameters
    ----------
    request
        The request.
    claims
        Who asks.
    proof
        What the form or the header carried; empty where it carried none.

    Raises
    ------
    HTTPException
        403 when it was not.
    """
    store = store_of(request)
    if claims.via is not Via.SESSION:
        raise HTTPException(FORBIDDEN, "pages are for people who are logged in: a token asks the API")
    if store is None or not is_own_origin(request) or not sessions.is_own_form(store, claims, proof):
        raise HTTPException(FORBIDDEN, "this form was not sent by a page of this broker, or its session has ended")


def is_own_origin(request: Request) -> bool:
    """Tell whether a browser says that one of our own pages sent this; programs say nothing."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def give_cookie(request: Request, response: Response, value: str) -> None:
    """Let a browser keep a session; no script can read it.

    Parameters
    ----------
    request
        Tells whether the cookie is for https alone.
    response
        Gets the cookie.
    value
        What `sessions.begin` returned.
    """
    is_safe = request.url.scheme == "https"
    response.set_cookie(COOKIE, value, max_age=int(sessions.SESSION_S), httponly=True, samesite="lax", secure=is_safe)


def _claims(request: Request) -> Claims:
    store = store_of(request)
    if store is None:
        return ANONYMOUS
    if sent := _token(request.headers.get("authorization", "")):
        found = tokens.claims_of(store, sent)
        if found is None:
            raise HTTPException(UNAUTHORIZED, "this token is none, has expired or was revoked", headers=ASK)
        return found
    cookie = request.cookies.get(COOKIE, "")
    return (sessions.claims_of(store, cookie) if cookie else None) or ANONYMOUS


def _token(header: str) -> str:
    """Return the token of a header: as Bearer, or as the password of Basic, which is what TOPCAT can send."""
    kind, _, value = header.strip().partition(" ")
    if kind.lower() == "bearer":
        return value.strip() or "-"
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2] or "-"
        except (binascii.Error, UnicodeDecodeError):
            return "-"
    return ""
