"""Templates and what they say with: everything that is put into a page is text, and is escaped."""

import datetime as dt
import shlex
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from fink_lib.accounts.asking import asking
from fink_lib.portal.chart import HEIGHT, LEFT, WIDTH
from fink_lib.portal.searching import class_address, object_address

# Only this host's own files; no script or style within a page
POLICY = "; ".join(
    [
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"),
        *("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"),
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
MISSING = "\N{EN DASH}"
LARGEST_WHOLE = 1e15  # above it a float does not count in ones
FORMATS = ("json", "csv", "parquet", "votable", "fits")


@cache
def environment() -> Environment:
    """Return the environment of all templates."""
    made = Environment(
        loader=PackageLoader("fink_lib.portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"shown": shown, "utc": utc, "moment": moment, "address": address, "shell": shlex.quote}
    made.globals |= {
        "object_address": object_address,
        "class_address": class_address,
        "formats": FORMATS,
        "person": lambda: asking().claims.person,
        "form_proof": lambda: asking().claims.proof,
        "frame": {"width": WIDTH, "height": HEIGHT, "left": LEFT},
    }
    return made


def page(template: str, status: int = 200, **facts: Any) -> HTMLResponse:
    """Draw a page.

    Parameters
    ----------
    template
        Name of its file in the folder of templates.
    status
        HTTP status.
    **facts
        What the template reads.
    """
    text = environment().get_template(template).render(**facts)
    return HTMLResponse(text, status_code=status, headers=HEADERS)


def shown(value: Any) -> str:
    """Write a value: numbers with four figures, lists with commas, what is missing as a dash."""
    if isinstance(value, dict):
        return shown([f"{name} {shown(one)}" for name, one in value.items()])
    if isinstance(value, list | tuple):
        return ", ".join(shown(one) for one in value) or MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _number(value) if isinstance(value, int | float) else str(value or MISSING)


def _number(value: float) -> str:
    is_whole = isinstance(value, int) or (value.is_integer() and abs(value) < LARGEST_WHOLE)
    return f"{value:,.0f}" if is_whole else f"{value:.4g}"


def utc(at: dt.datetime | None) -> str:
    """Write a time, UTC."""
    return MISSING if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def moment(at_s: float) -> str:
    """Write a time of Unix, UTC; 0 is none."""
    return utc(dt.datetime.fromtimestamp(at_s, dt.UTC) if at_s else None)


def address(parameters: dict[str, Any], path: str) -> str:
    """Return an address with parameters; those without a value are left out.

    Parameters
    ----------
    parameters
        Name → value; None and the empty text are left out.
    path
        Without a question mark.
    """
    return f"{path}?{urlencode({name: value for name, value in parameters.items() if value not in (None, '')})}"
