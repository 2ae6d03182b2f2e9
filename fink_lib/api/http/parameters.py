"""What requests may say: one model a route, read out of the query and the body alike; a query wins over a body."""

import datetime as dt
import difflib
import math
import re
from typing import Annotated, Any, Literal, TypeVar

import orjson
from astropy.coordinates import Angle
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import Request

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.formats import Format
from fink_lib.nights import JD_UNIX_EPOCH, MJD_UNIX_EPOCH, SECONDS_PER_DAY

MOST_BODY_BYTES = 64 * 2**20
LARGEST_RADIUS_ARCSEC = 180.0 * 3600.0
LONGEST_LIST = 10_000
LARGEST_ID = 2**63 - 1
Model = TypeVar("Model", bound=BaseModel)


def _listed(value: Any) -> Any:
    """Read a list that is written with commas, or is one already."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, int) and not isinstance(value, bool):
        return (str(value),)
    return tuple(str(one) for one in value) if isinstance(value, list) else value


def _angle(unit: str, low: float, high: float) -> BeforeValidator:
    def read(value: Any) -> Any:
        if isinstance(value, str):
            try:
                degrees = float(value)
            except ValueError:
                try:
                    degrees = float(Angle(value, unit=unit).deg)
                except Exception as error:
                    raise ValueError("write it in degrees, or sexagesimal") from error
        else:
            degrees = float(value)
        if not (math.isfinite(degrees) and low <= degrees <= high):
            raise ValueError(f"it lies in [{low:g}, {high:g}] degrees")
        return degrees

    return BeforeValidator(read)


def unix_time(text: str) -> float:
    """Read a time: ISO 8601, a Julian date, a modified Julian date (all UTC); return seconds since 1970.

    Raises
    ------
    ValueError
        When it is none of these.
    """
    try:
        days = float(text)
    except ValueError:
        try:
            at = dt.datetime.fromisoformat(text.strip())
        except ValueError:
            raise ValueError(
                "write a time as 2021-11-22, 2021-11-22T06:00:00, a Julian date or a modified one"
            ) from None
        return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp()
    if not math.isfinite(days) or not 0 < days < 1e7:  # noqa: PLR2004 - either kind of Julian date of any telescope
        raise ValueError("a Julian date lies between 2400000 and 2600000, a modified one below 200000")
    origin = JD_UNIX_EPOCH if days > 2_000_000 else MJD_UNIX_EPOCH  # noqa: PLR2004 - days since 4713 BC
    return (days - origin) * SECONDS_PER_DAY


def _time(value: Any) -> Any:
    if value is None or value == "":
        return None
    return unix_time(str(value))


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Time = Annotated[float | None, BeforeValidator(_time)]
Ra = Annotated[float, _angle("hourangle", 0.0, 360.0)]
Dec = Annotated[float, _angle("deg", -90.0, 90.0)]
Rows = Annotated[int, Field(ge=1, le=LARGEST_ID)]


class Asked(BaseModel):
    """What every route that answers rows understands."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True)

    survey: str | None = Field(None, description="Survey; the first that is served when not given", examples=["ztf"])
    columns: Names = Field(
        (), description="Columns, with commas; `*` is all. /schema lists them", examples=["i:jd,i:magpsf"]
    )
    output_format: Format = Field(Format.JSON, alias="output-format", description="json, csv, parquet, votable or fits")
    limit: Rows | None = Field(
        None, description="Most rows of the answer; without it there is no limit", examples=[100]
    )
    offset: Annotated[int, Field(ge=0, le=LARGEST_ID)] = Field(0, description="Rows that are left out before")
    version: Annotated[int, Field(ge=0, le=LARGEST_ID)] | None = Field(
        None, description="Version of the table `sources` to ask, as X-Delta-Version told it"
    )
    as_of: Time = Field(None, description="Time (UTC) whose version of `sources` is asked", examples=["2021-12-01"])
    ids: Literal["text", "number"] = Field(
        "text", description="How JSON writes 64-bit integers: text keeps every digit"
    )


class InTime(Asked):
    """Alerts within a window of time; it is their own time that counts, not that of the first of the object."""

    startdate: Time = Field(None, description="First time (UTC): ISO 8601, JD or MJD", examples=["2021-11-22"])
    stopdate: Time = Field(None, description="Last time (UTC)", examples=["2021-11-23"])
    window: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        None, description="Days after startdate, instead of stopdate"
    )


class OfObjects(InTime):
    """Alerts of objects."""

    object: Names = Field((), description="Objects of any survey, with commas; the name tells the survey")
    alert: Names = Field((), description="Alerts of any survey, instead of objects")
    objectId: Names = Field((), description="Objects of ZTF, with commas", examples=["ZTF21acoshvy"])  # noqa: N815
    diaObjectId: Names = Field((), description="Objects of LSST, with commas", examples=["170028507199668305"])  # noqa: N815
    candid: Names = Field((), description="Alerts of ZTF, instead of objects")
    diaSourceId: Names = Field((), description="Alerts of LSST, instead of objects")  # noqa: N815
    midpointMjdTai: float | None = Field(None, description="Time of one alert of LSST (MJD, TAI)", allow_inf_nan=False)  # noqa: N815
    withupperlim: bool = Field(False, description="With upper limits out of the packets, told apart by d:tag")
    withcutouts: bool = Field(False, description="Clients of Fink send false; see /cutouts")


class Around(InTime):
    """Objects in a circle."""

    ra: Ra = Field(description="Right ascension, in degrees or as hh:mm:ss", examples=[49.1551, "03:16:37.2"])
    dec: Dec = Field(description="Declination, in degrees or as dd:mm:ss", examples=[44.1449])
    radius: Annotated[float, Field(gt=0, le=LARGEST_RADIUS_ARCSEC)] = Field(
        description="Radius in arcsec", examples=[5], allow_inf_nan=False
    )
    n: Rows | None = Field(None, description="Most objects; the same as limit")


class Newest(InTime):
    """The newest alerts of a class."""

    class_: str = Field(
        "allclasses", alias="class", description="A class, /classes lists them", examples=["SN candidate"]
    )
    n: Rows = Field(10, description="How many alerts", examples=[5])


class Sent(InTime):
    """The newest alerts that a filter sent."""

    tag: str | None = Field(None, description="Name of a filter; without it the filters are listed")
    n: Rows = Field(10, description="How many alerts")


class Cutout(BaseModel):
    """The cutouts of one alert."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True)

    survey: str | None = Field(None, description="Survey; the first that is served when not given")
    object: str | None = Field(None, description="Object of any survey: its newest alert", max_length=64)
    alert: Annotated[int, Field(ge=0, le=LARGEST_ID)] | None = Field(None, description="Alert of any survey")
    objectId: str | None = Field(None, description="Object of ZTF: its newest alert", examples=["ZTF21acoshvy"])  # noqa: N815
    diaObjectId: str | None = Field(None, description="Object of LSST: its newest alert")  # noqa: N815
    candid: Annotated[int, Field(ge=0, le=LARGEST_ID)] | None = Field(None, description="Alert of ZTF")
    diaSourceId: Annotated[int, Field(ge=0, le=LARGEST_ID)] | None = Field(None, description="Alert of LSST")  # noqa: N815
    kind: Literal["Science", "Template", "Difference", "All"] = Field(
        description="Which; All only as arrays", examples=["Science"]
    )
    output_format: Literal["PNG", "FITS", "array"] = Field(
        "PNG", alias="output-format", description="PNG, FITS or array"
    )
    stretch: Literal["sigmoid", "linear", "sqrt", "power", "log", "asinh"] = Field(
        "sigmoid", description="Of the grey values"
    )
    pmin: Annotated[float, Field(ge=0, le=100)] = Field(0.5, description="Percentile of pixels that is black")
    pmax: Annotated[float, Field(ge=0, le=100)] = Field(99.5, description="Percentile of pixels that is white")
    colormap: str | None = Field(
        None, description="Name of a colour map of matplotlib; grey when not given", examples=["viridis"]
    )


class OfAlert(BaseModel):
    """One alert."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    survey: str | None = Field(None, description="Survey; the first that is served when not given")
    alert: Annotated[int, Field(ge=0, le=LARGEST_ID)] = Field(description="Its id", examples=[1786239164515015011])


class OfNight(Asked):
    """Numbers of nights."""

    date: str = Field(
        "", pattern=r"^\d{0,8}$", description="YYYYMMDD, YYYYMM, YYYY; all nights when empty", examples=["20211122"]
    )


class Named(Asked):
    """What an object is called elsewhere."""

    name: str = Field("", description="A name", max_length=200, examples=["ZTF21acoshvy"])
    name_or_id: str = Field("", description="The same as name", max_length=200)
    resolver: str = Field("", description="Ignored: names are looked up in our own tables", max_length=50)
    nmax: Annotated[int, Field(ge=1, le=LONGEST_LIST)] = Field(10, description="Most objects")


class Moving(InTime):
    """Alerts of a moving object."""

    n_or_d: str = Field(description="Number or designation", min_length=1, max_length=100, examples=["8467"])


class Tracklet(Asked):
    """Alerts that were linked as the path of one moving object."""

    date: str = Field("", pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="Night, YYYY-MM-DD", examples=["2021-11-22"])
    id: str = Field("", description="Name of a tracklet", max_length=100)


class Matched(InTime):
    """A list that is matched with alerts."""

    radius: Annotated[float, Field(gt=0, le=3600)] = Field(1.5, description="Radius in arcsec", allow_inf_nan=False)
    ra_column: str = Field("ra", description="Column of the list with right ascensions in degrees")
    dec_column: str = Field("dec", description="Column of the list with declinations in degrees")


class Told(BaseModel):
    """A route without rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    survey: str | None = Field(None, description="Survey; the first that is served when not given")


async def read(request: Request, model: type[Model], *, body: bool) -> Model:
    """Return what a request says.

    Parameters
    ----------
    request
        A parameter of its query comes before one of its body.
    model
        The parameters.
    body
        Whether it has a body that is read: JSON or a form.

    Raises
    ------
    Refused
        When it cannot be understood: which parameter, which value, and what to do.
    """
    said: dict[str, Any] = await _said_in_body(request) if body else {}
    return understood(model, {**said, **dict(request.query_params)})


async def _said_in_body(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        async with request.form() as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    raw = await request.body()
    if not raw.strip():
        return {}
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refused(
            f"the body is no JSON: {error}", fix='send an object, such as {"objectId": "ZTF21acoshvy"}'
        ) from error
    if not isinstance(said, dict):
        raise Refused("the body is JSON, but no object", fix='send parameters by name: {"name": value}')
    return said


def understood(model: type[Model], said: dict[str, Any]) -> Model:
    """Return parameters as a model.

    Parameters
    ----------
    model
        The parameters.
    said
        Name → value as it came, texts among them.

    Raises
    ------
    Refused
        When one is missing, unknown or cannot be used.
    """
    try:
        return model.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        raise Refused(
            _message(first, name), parameter=name, value=_value(first, said.get(name)), fix=_fix(first, name, model)
        ) from error


def _message(problem: Any, name: str) -> str:
    if problem["type"] == "missing":
        return f"the parameter '{name}' is missing"
    if problem["type"] == "extra_forbidden":
        return f"there is no parameter '{name}'"
    return f"'{name}' cannot be used: {re.sub('^Value error, ', '', problem['msg'])}"


def _value(problem: Any, value: Any) -> Any:
    return None if problem["type"] == "missing" else value


def _fix(problem: Any, name: str, model: type[BaseModel]) -> str:
    known = {field.alias or key: field for key, field in model.model_fields.items()}
    if problem["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, known, n=1)
        return f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
    field = known.get(name)
    return field.description or "" if field else ""
