"""A page that lists the routes, with an example of each to try; it needs no other host."""

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fink_lib import __version__

if TYPE_CHECKING:
    from fink_lib.api.http.routes import Route

HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Routes</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}td,th{text-align:left;
vertical-align:top;padding:.1rem .8rem .1rem 0}code{font-size:.9em}</style>"""


def routes_page(routes: Iterable["Route"], prefix: str, others: Callable[[], Mapping[str, Mapping[str, Any]]]) -> str:
    """Return the page.

    Parameters
    ----------
    routes
        What is listed.
    prefix
        Path before the name of each.
    others
        All paths of the OpenAPI document: those that are told there alone are listed by what they are for.
    """
    parts = [HEAD, f"<h1>Routes of Fink lake {escape(__version__)}</h1>"]
    parts.append('<p>Each works by GET, and by POST with the same parameters as JSON. <a href="/openapi.json">')
    parts.append("OpenAPI</a> says the same for programs. POST a list to <code>")
    parts.append(f"{prefix}/crossmatch</code> to match it.</p>")
    named = list(routes)
    parts += [line for route in named for line in _section(route, prefix)]
    known = {f"{prefix}/{route.name}" for route in named}
    parts.append("<h2>Further routes</h2><table>")
    for path, methods in others().items():
        if path not in known:
            told = "; ".join(dict.fromkeys(one["summary"] for one in methods.values()))
            words = " ".join(methods).upper()
            parts.append(f"<tr><th><code>{words} {escape(path)}</code></th><td>{escape(told)}</td></tr>")
    return "\n".join([*parts, "</table>"])


def _section(route: "Route", prefix: str) -> Iterable[str]:
    address = f"{prefix}/{route.name}" + (f"?{urlencode(route.example)}" if route.example else "")
    yield f'<h2 id="{route.name}">{route.name}</h2><p>{escape(route.summary)}. Example: '
    yield f'<a href="{escape(address)}"><code>{escape(address)}</code></a></p><table>'
    for name, field in route.model.model_fields.items():
        need = " (needed)" if field.is_required() else ""
        yield f"<tr><th>{escape(field.alias or name)}{need}</th><td>{escape(field.description or '')}</td></tr>"
    yield "</table>"
