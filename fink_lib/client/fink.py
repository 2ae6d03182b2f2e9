"""The client: one method a route, every answer a table that says which version of the lake it is of."""

import io
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

import httpx
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from astropy.coordinates import SkyCoord
from astropy.table import MaskedColumn, Table
from astropy.time import Time

Parameter: TypeAlias = str | float | bool | Time | Iterable[str] | Iterable[int] | None
ERRORS_FROM = 400


class ApiError(RuntimeError):
    """What the API refused, or failed in.

    Attributes
    ----------
    status
        HTTP status.
    parameter, value, fix
        Of which parameter, and what to do; None where it was not told.
    """

    def __init__(self, status: int, facts: dict[str, Any]) -> None:
        self.status, self.parameter = status, facts.get("parameter")
        self.value, self.fix = facts.get("value"), facts.get("fix")
        told = f" ({self.fix})" if self.fix else ""
        super().__init__(f"{facts.get('message', 'the request failed')}{told}")


class Fink:
    """The API of one broker.

    Parameters
    ----------
    url
        Its address, such as ``http://127.0.0.1:8090``.
    survey
        Survey that is asked; the first that is served when not given.
    timeout_s
        Longest time without a byte of an answer.
    token
        Of a program (`fink tokens add`, or the page of one's account): for rows that are not for everybody, and one's
        own tables. Without it anybody asks.

    Examples
    --------
    >>> with Fink("http://127.0.0.1:8090") as fink:  # doctest: +SKIP
    ...     curve = fink.sources("ZTF21acoshvy", columns=["i:jd", "i:magpsf"])
    """

    def __init__(self, url: str, survey: str | None = None, timeout_s: float = 60.0, token: str = "") -> None:
        self.survey = survey
        known = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=f"{url.rstrip('/')}/api/v1/", timeout=timeout_s, headers=known)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def sources(self, objects: str | Iterable[str], **parameters: Parameter) -> Table:
        """Return the alerts of objects, the newest first.

        Parameters
        ----------
        objects
            Name of an object, or several.
        **parameters
            Of the route: ``columns``, ``startdate``, ``stopdate``, ``version``, ``withupperlim`` …
        """
        return self.ask("sources", object=objects, **parameters)

    def objects(self, objects: str | Iterable[str], **parameters: Parameter) -> Table:
        """Return what the route ``objects`` of the survey says: alerts (ZTF), or a row an object (LSST)."""
        return self.ask("objects", object=objects, **parameters)

    def cone(self, position: SkyCoord, radius_arcsec: float, **parameters: Parameter) -> Table:
        """Return the newest alert of each object around a position, the nearest first.

        Parameters
        ----------
        position
            Of any frame; it is turned into ICRS.
        radius_arcsec
            Of the circle.
        **parameters
            Further parameters of `/api/v1/conesearch`.
        """
        at = position.icrs
        return self.ask("conesearch", ra=float(at.ra.deg), dec=float(at.dec.deg), radius=radius_arcsec, **parameters)

    def latest(self, name: str, n: int = 10, **parameters: Parameter) -> Table:
        """Return the newest alerts of a class.

        Parameters
        ----------
        name
            The class, as `classes` returns it.
        n
            Most rows.
        **parameters
            Further parameters of `/api/v1/latests`.
        """
        return self.ask("latests", **{"class": name, "n": n, **parameters})

    def tag(self, name: str, n: int = 10, **parameters: Parameter) -> Table:
        """Return the newest alerts that a filter sent.

        Parameters
        ----------
        name
            Name of the filter.
        n
            Most rows.
        **parameters
            Further parameters of `/api/v1/tags`.
        """
        return self.ask("tags", tag=name, n=n, **parameters)

    def table(self, name: str) -> Table:
        """Return a table of one's own, or of a group: by its name as `tables` tells it, such as user_ada.candidates."""
        schema, _, table = name.partition(".")
        return _table(self._checked(self._http.get(f"tables/{schema}/{table}/file")))

    def tables(self) -> dict[str, dict[str, Any]]:
        """Return the tables of one's own and of one's groups: name → what is known of each."""
        return {f"{one['schema']}.{one['name']}": one for one in self._facts("tables")}

    def statistics(self, date: str = "") -> Table:
        """Return the numbers of nights; the date is YYYYMMDD, or the start of it."""
        return self.ask("statistics", date=date)

    def resolve(self, name: str) -> Table:
        """Return the objects that are called so."""
        return self.ask("resolver", name=name)

    def classes(self) -> dict[str, int]:
        """Return every class, and how many alerts have it."""
        return {str(name): int(count) for name, count in self._facts("classes").items()}

    def schema(self) -> dict[str, dict[str, str]]:
        """Return every column: its meaning, its unit, and the table that it is read from."""
        told: dict[str, dict[str, str]] = self._facts("schema")
        return told

    def cutout(
        self, alert: int, kind: Literal["Science", "Template", "Difference"] = "Science"
    ) -> npt.NDArray[np.float64]:
        """Return a cutout of an alert, as rows from the bottom up; NaN where it has no value.

        Parameters
        ----------
        alert
            Its number.
        kind
            Which of its three images.
        """
        (rows,) = self._facts("cutouts", **{"alert": str(alert), "kind": kind, "output-format": "array"}).values()
        return np.array(rows, dtype=np.float64)

    def crossmatch(self, places: Table, radius_arcsec: float = 1.5, **parameters: Parameter) -> Table:
        """Return the objects near each place of a list.

        Parameters
        ----------
        places
            With columns ``ra`` and ``dec`` in degrees; the others come back as ``list:<name>``.
        radius_arcsec
            Radius.
        **parameters
            Of the route.
        """
        sink = io.BytesIO()
        pq.write_table(pa.table({name: np.asarray(places[name]) for name in places.colnames}), sink)
        query = self._query({**parameters, "radius": radius_arcsec, "output-format": "parquet"})
        return _table(self._checked(self._http.post("crossmatch", params=query, content=sink.getvalue())))

    def pages(self, route: str, page_rows: int, **parameters: Parameter) -> Iterator[Table]:
        """Yield an answer of any size, so many rows at a time; give ``version`` where all shall be of the same lake.

        Parameters
        ----------
        route
            Last part of its path, such as ``conesearch``.
        page_rows
            Rows of a page.
        **parameters
            Of the route.
        """
        offset: int | None = 0
        while offset is not None:
            page = self.ask(route, **{**parameters, "limit": page_rows, "offset": offset})
            yield page
            offset = page.meta["next_offset"]

    def ask(self, route: str, **parameters: Parameter) -> Table:
        """Return the rows of any route; ``meta`` has ``version``, ``etag`` and ``next_offset``.

        Raises
        ------
        ApiError
            When the API refuses; it says what to do.
        """
        query = self._query({**parameters, "output-format": "parquet"})
        return _table(self._checked(self._http.post(route, json=query)))

    def _facts(self, route: str, **parameters: Parameter) -> Any:
        return self._checked(self._http.get(route, params=self._query(parameters))).json()

    def _query(self, parameters: dict[str, Parameter]) -> dict[str, str]:
        said = {**({"survey": self.survey} if self.survey else {}), **parameters}
        return {name: _text(value) for name, value in said.items() if value is not None}

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code >= ERRORS_FROM:
            try:
                facts = answer.json()["error"]
            except (ValueError, KeyError, TypeError):
                facts = {"message": answer.text[:200] or answer.reason_phrase}
            raise ApiError(answer.status_code, facts)
        return answer


def _text(value: Parameter) -> str:
    if isinstance(value, Time):
        return str(value.utc.isot)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | float | int):
        return str(value)
    return ",".join(str(one) for one in value or ())


def _table(answer: httpx.Response) -> Table:
    rows = pq.read_table(io.BytesIO(answer.content))
    following = answer.headers.get("X-Next-Offset")
    table = Table(meta={
        "version": answer.headers.get("X-Delta-Version"),
        "etag": answer.headers.get("ETag"),
        "next_offset": int(following) if following else None,
        "url": str(answer.request.url),
    })  # fmt: skip
    for name in rows.column_names:
        table[name] = _column(rows[name].combine_chunks())
    return table


def _column(values: pa.Array) -> Any:
    """Return a column; what is null is masked, and 64-bit integers stay what they are."""
    missing = pc.is_null(values).to_numpy(zero_copy_only=False)
    if pa.types.is_nested(values.type):
        return np.array(values.to_pylist(), dtype=object)
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype="datetime64[us]")
    if pa.types.is_string(values.type) or pa.types.is_null(values.type):
        data = np.array([value or "" for value in values.to_pylist()], dtype=str)
    else:
        data = pc.fill_null(values, pa.scalar(0, pa.int8()).cast(values.type)).to_numpy(zero_copy_only=False)
    return MaskedColumn(data, mask=missing) if missing.any() else data
