"""What TAP says of itself (TAPRegExt 1.0): languages, formats, uploads, limits."""

from fink_lib.vo import vosi
from fink_lib.vo.parameters import MOST_ROWS
from fink_lib.vo.tap import uploads
from fink_lib.vo.tap.jobs import KEPT, MOST_S, USUAL_S
from fink_lib.vo.tap.queries import USUAL_ROWS

FEATURES = "ivo://ivoa.net/std/TAPRegExt#features-adqlgeo"
GEOMETRY = ("POINT", "CIRCLE", "POLYGON", "CONTAINS", "INTERSECTS", "DISTANCE", "COORD1", "COORD2")
TEXT = ("LOWER", "UPPER")
UPLOAD = ("inline", "http", "https")
STRINGS = "ivo://ivoa.net/std/TAPRegExt#features-adql-string"
FORMATS = {
    "application/x-votable+xml": ("votable", "ivo://ivoa.net/std/TAPRegExt#output-votable-td"),
    "text/csv": ("csv", ""),
    "application/json": ("json", ""),
    "application/vnd.apache.parquet": ("parquet", ""),
}


def capability(url: str, sync_s: float) -> str:
    """Return the capabilities of TAP: queries, and examples of them.

    Parameters
    ----------
    url
        Where the service is.
    sync_s
        How long a query at once may take.
    """
    language = (
        '<language><name>ADQL</name><version ivo-id="ivo://ivoa.net/std/ADQL#v2.0">2.0</version>'
        '<version ivo-id="ivo://ivoa.net/std/ADQL#v2.1">2.1</version>'
        "<description>A part of ADQL 2.1: docs/vo.md states it.</description>"
        f"{_features(FEATURES, GEOMETRY)}{_features(STRINGS, TEXT)}</language>"
    )
    formats = "".join(map(_format, FORMATS))
    limits = (
        f"<retentionPeriod><default>{KEPT.total_seconds():.0f}</default></retentionPeriod>"
        f"<executionDuration><default>{USUAL_S:.0f}</default><hard>{MOST_S:.0f}</hard></executionDuration>"
        f'<outputLimit><default unit="row">{USUAL_ROWS}</default><hard unit="row">{MOST_ROWS}</hard></outputLimit>'
        f'<uploadLimit><hard unit="row">{uploads.MOST_ROWS}</hard></uploadLimit>'
    )
    upload = "".join(f'<uploadMethod ivo-id="ivo://ivoa.net/std/TAPRegExt#upload-{one}"/>' for one in UPLOAD)
    inside = f"{vosi.interface(url, version='1.1', use='base')}{language}{formats}{upload}{limits}"
    examples = vosi.capability("DALI#examples", vosi.interface(f"{url}/examples", kind="vr:WebBrowser", role=""))
    return f"<!-- a query at once may take {sync_s:g} s -->{vosi.capability('TAP', inside, 'tr:TableAccess')}{examples}"


def _features(kind: str, names: tuple[str, ...]) -> str:
    told = "".join(f"<feature><form>{name}</form></feature>" for name in names)
    return f'<languageFeatures type="{kind}">{told}</languageFeatures>'


def _format(mime: str) -> str:
    alias, name = FORMATS[mime]
    known = f' ivo-id="{name}"' if name else ""
    return f"<outputFormat{known}><mime>{mime}</mime><alias>{alias}</alias></outputFormat>"
