"""Jobs as UWS 1.1 writes them."""

from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from fink_lib.vo.replies import xml
from fink_lib.vo.tap.jobs import Job, Phase

NAMES = (
    'xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="1.1"'
)


def job_document(job: Job, url: str) -> Response:
    """Return a job; `url` is its address.

    Parameters
    ----------
    job
        The job.
    url
        Address of the job.
    """
    inside = "".join(
        [
            _text("jobId", job.name),
            _text("runId", job.run_id) if job.run_id else "",
            _or_nil("ownerId", ""),
            _text("phase", job.phase),
            _or_nil("quote", ""),
            _text("creationTime", job.created),
            _or_nil("startTime", job.started),
            _or_nil("endTime", job.ended),
            _text("executionDuration", f"{job.seconds:.0f}"),
            _text("destruction", job.destruction),
            _parameters(job),
            _results(job, url),
            _error(job),
        ]
    )
    return xml(f"<uws:job {NAMES}>{inside}</uws:job>\n")


def parameters_document(job: Job) -> Response:
    """Return the parameters of a job."""
    return xml(_parameters(job, NAMES.rpartition(" ")[0]))


def results_document(job: Job, url: str) -> Response:
    """Return where the results of a job are.

    Parameters
    ----------
    job
        The job; it has a result when it is completed.
    url
        Address of the job.
    """
    return xml(_results(job, url, NAMES.rpartition(" ")[0]))


def list_document() -> Response:
    """Return the jobs that anybody may see: none, since a job is known to whom its name was told."""
    return xml(f"<uws:jobs {NAMES}></uws:jobs>\n")


def _text(name: str, value: str) -> str:
    return f"<uws:{name}>{escape(value)}</uws:{name}>"


def _or_nil(name: str, value: str) -> str:
    return _text(name, value) if value else f'<uws:{name} xsi:nil="true"/>'


def _parameters(job: Job, names: str = "") -> str:
    told = "".join(
        f"<uws:parameter id={quoteattr(name)}>{escape(value)}</uws:parameter>" for name, value in job.parameters
    )
    return f"<uws:parameters {names}>{told}</uws:parameters>"


def _results(job: Job, url: str, names: str = "") -> str:
    where = f'<uws:result id="result" xlink:type="simple" xlink:href={quoteattr(f"{url}/results/result")}/>'
    return f"<uws:results {names}>{where if job.phase is Phase.COMPLETED else ''}</uws:results>"


def _error(job: Job) -> str:
    if not job.error:
        return ""
    message = _text("message", job.error)
    return f'<uws:errorSummary type="fatal" hasDetail="true">{message}</uws:errorSummary>'
