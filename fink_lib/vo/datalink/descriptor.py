"""The resource beside a table that tells clients where to ask what else there is of its rows."""

from dataclasses import replace
from xml.sax.saxutils import quoteattr

from starlette.requests import Request

from fink_lib.vo.votable import Document

STANDARD = "ivo://ivoa.net/std/DataLink#links-1.1"


def root_of(request: Request) -> str:
    """Return the address of the API as the caller knows it."""
    return str(request.base_url).rstrip("/")


def linked(document: Document, root: str) -> Document:
    """Return what stands around rows with the descriptor of their links, where they have any.

    Parameters
    ----------
    document
        What stands around; its `linked` names survey and column.
    root
        Address of the API.
    """
    if not document.linked:
        return document
    survey, column, datatype = document.linked
    return replace(document, services=(_descriptor(f"{root}/datalink/{survey}/links", column, datatype),))


def _descriptor(url: str, column: str, datatype: str) -> str:
    size = ' arraysize="*"' if datatype == "char" else ""
    return (
        '<RESOURCE type="meta" utype="adhoc:service" name="links">\n'
        f'<PARAM name="standardID" datatype="char" arraysize="*" value="{STANDARD}"/>\n'
        f'<PARAM name="accessURL" datatype="char" arraysize="*" value={quoteattr(url)}/>\n'
        '<GROUP name="inputParams">\n'
        f'<PARAM name="ID" datatype="{datatype}"{size} value="" ref={quoteattr(column)}/>\n'
        "</GROUP>\n</RESOURCE>\n"
    )
