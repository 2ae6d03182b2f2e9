"""TAP's resources: queries at once, jobs and their parts, and what the service says of itself."""

import datetime as dt
import threading
import time
from collections.abc import Callable
from pathlib import Path

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from fink_lib.api.http.errors import Refused
from fink_lib.api.lake import Lake
from fink_lib.vo import vosi
from fink_lib.vo.datalink.descriptor import linked, root_of
from fink_lib.vo.parameters import Parameters
from fink_lib.vo.replies import pieces, trouble
from fink_lib.vo.tap import uws
from fink_lib.vo.tap.catalog import Catalog
from fink_lib.vo.tap.examples import examples_page
from fink_lib.vo.tap.formats import media_of, written
from fink_lib.vo.tap.jobs import MOST_S, Job, Jobs, Phase, iso, now
from fink_lib.vo.tap.kept import keep, kept
from fink_lib.vo.tap.process import Runner
from fink_lib.vo.tap.queries import Asked, Described, answered, asked_of, form_of, scratch
from fink_lib.vo.tap.regext import capability
from fink_lib.vo.tap.requests import Sent

SYNC_S = 60.0
AT_ONCE, WAIT_S = 4, 20.0  # queries at once, and how long one more waits for its turn
MOST_WAIT_S = 60.0
POLL_S = 0.1
ENDED = {Phase.COMPLETED, Phase.ERROR, Phase.ABORTED}


class Tap:
    """The service over a lake.

    Parameters
    ----------
    lake
        What is asked.
    seconds
        How long a query at once may take.
    """

    def __init__(self, lake: Lake, seconds: float = SYNC_S) -> None:
        self._lake, self._seconds = lake, seconds
        self._runner = Runner()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self.jobs = Jobs(lake.settings.home / "api" / "tap" / "jobs", self._run)

    def sync(self, sent: Sent) -> Response:
        """Answer a query at once."""
        asked = asked_of(sent.parameters, sent.files)
        found = self.rows(asked)
        document = linked(found.document, root_of(sent.request))
        return pieces(written(found.rows, asked.form, found.fields, document), media_of(asked.form))

    def rows(self, asked: Asked) -> Described:
        """Return what a query finds, at once.

        Raises
        ------
        Refused
            When the query is wrong, needs too much, or too many others are being run.
        """
        if not self._turns.acquire(timeout=WAIT_S):
            raise Refused("too many queries are being run", status=503, fix="try again in a minute, or use /tap/async")
        try:
            with scratch(self._lake.settings.home) as folder:
                return answered(self._lake, self._runner, asked, folder, seconds=self._seconds)
        finally:
            self._turns.release()

    def create(self, sent: Sent) -> Response:
        """Make a job; run it where the request says so."""
        pairs = [(name, value) for name, value in sent.pairs if name.upper() != "PHASE"]
        job = self.jobs.create(pairs, sent.files, sent.parameters.text("RUNID"))
        self._phase(job.name, sent.parameters)
        return _see(f"{_base(sent)}/{job.name}")

    def close(self) -> None:
        """End what runs."""
        self.jobs.close()
        self._runner.close()

    def listed(self, _sent: Sent) -> Response:
        """Answer with the jobs that anybody may see."""
        return uws.list_document()

    def job(self, sent: Sent) -> Response:
        """Answer with a job, once it changes where the request waits for that."""
        job, asked = self._job(sent), sent.parameters
        wait = asked.number("WAIT", -1, 1e9, 0)
        until = time.monotonic() + (MOST_WAIT_S if wait < 0 else min(wait, MOST_WAIT_S))
        first = asked.text("PHASE", job.phase).upper()
        while job.phase == first and job.phase not in ENDED and time.monotonic() < until:
            time.sleep(POLL_S)
            job = self.jobs.get(job.name)
        return uws.job_document(job, self._url(sent, job))

    def change(self, sent: Sent) -> Response:
        """Change a job as a request says: parameters, phase, times; or delete it."""
        job, asked = self._job(sent), sent.parameters
        if sent.request.method == "DELETE" or asked.text("ACTION").upper() == "DELETE":
            self.jobs.delete(job.name)
            return _see(self._url(sent, job).rpartition("/")[0])
        own = {"PHASE", "DESTRUCTION", "EXECUTIONDURATION", "ACTION"}
        further = [(name, value) for name, value in sent.pairs if name.upper() not in own]
        if further or sent.files:
            self._set(job, further, sent.files)
        if text := asked.text("DESTRUCTION"):
            self.jobs.change(job.name, destruction=iso(min(_time(text), now() + dt.timedelta(days=30))))
        if asked.text("EXECUTIONDURATION"):
            seconds = asked.number("EXECUTIONDURATION", 0, 1e9)
            self.jobs.change(job.name, seconds=min(seconds or MOST_S, MOST_S))
        self._phase(job.name, asked)
        return _see(self._url(sent, job))

    def part(self, name: str) -> Callable[[Sent], Response]:
        """Return what answers with one part of a job."""

        def answer(sent: Sent) -> Response:
            job = self._job(sent)
            url = self._url(sent, job)
            if name == "parameters":
                return uws.parameters_document(job)
            if name == "results":
                return uws.results_document(job, url)
            if name == "error":
                return trouble(job.error, 200) if job.error else PlainTextResponse("")
            told = {"phase": str(job.phase), "owner": "", "quote": "", "destruction": job.destruction,
                    "executionduration": f"{job.seconds:.0f}"}  # fmt: skip
            return PlainTextResponse(told[name])

        return answer

    def result(self, sent: Sent) -> Response:
        """Answer with the rows of a job."""
        job = self._job(sent)
        if job.phase is not Phase.COMPLETED:
            raise Refused(f"job {job.name} is {job.phase}", status=404, fix="wait until it is COMPLETED")
        form = form_of(Parameters(job.parameters))
        rows, fields, document = kept(self.jobs.folder(job.name))
        document = linked(document, root_of(sent.request))
        return pieces(written(rows, form, fields, document), media_of(form))

    def tables(self, _sent: Sent) -> Response:
        """Answer with the tables that may be asked."""
        catalog = Catalog.now(self._lake)
        return vosi.tableset(catalog.schemas, catalog.keys)

    def capabilities(self, sent: Sent) -> Response:
        """Answer with what the service can do."""
        url = str(sent.request.url).partition("?")[0].rpartition("/")[0]
        return vosi.capabilities(url, [capability(url, self._seconds)], tables=True)

    def examples(self, _sent: Sent) -> Response:
        """Answer with queries to begin with."""
        return examples_page(tuple(self._lake.surveys))

    def _run(self, job: Job, folder: Path, watch: Callable[..., None]) -> None:
        asked = asked_of(Parameters(job.parameters), self.jobs.attached(job.name))
        keep(answered(self._lake, self._runner, asked, folder, seconds=job.seconds, watch=watch), folder)

    def _job(self, sent: Sent) -> Job:
        return self.jobs.get(sent.request.path_params["job"])

    def _url(self, sent: Sent, job: Job) -> str:
        return f"{str(sent.request.url).partition('/async')[0]}/async/{job.name}"

    def _phase(self, name: str, asked: Parameters) -> None:
        phase = asked.text("PHASE").upper()
        if phase == "RUN":
            self.jobs.start(name)
        elif phase == "ABORT":
            self.jobs.abort(name)
        elif phase:
            raise Refused(f"PHASE is '{phase}'", parameter="PHASE", value=phase, fix="RUN or ABORT")

    def _set(self, job: Job, pairs: list[tuple[str, str]], files: dict[str, bytes]) -> None:
        if job.phase is not Phase.PENDING:
            raise Refused(f"job {job.name} is {job.phase}", fix="parameters can be changed while it is PENDING")
        changed = {name.upper() for name, _ in pairs}
        old = [(name, value) for name, value in job.parameters if name.upper() not in changed]
        self.jobs.attach(job.name, files)
        self.jobs.change(job.name, parameters=(*old, *pairs))


def _base(sent: Sent) -> str:
    return str(sent.request.url).partition("?")[0].rstrip("/")


def _see(url: str) -> Response:
    return RedirectResponse(url, status_code=303)


def _time(text: str) -> dt.datetime:
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"DESTRUCTION is '{text}'", fix="give a time such as 2026-01-31T12:00:00Z") from error
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)
