"""The job of the `periods` DAG."""

from fink_lib.config import Settings
from fink_lib.objects.periods.book import rebuild
from fink_lib.processes.endings import run_job
from fink_lib.surveys import SURVEYS


def main() -> int:
    """Run the job; return an exit code, after one sentence on stderr when it fails."""
    return run_job("periods", lambda: [made(Settings())])


def made(settings: Settings) -> str:
    """Search all objects that gained alerts; return one sentence."""
    counted = rebuild(settings.lake, SURVEYS.values())
    told = ", ".join(f"{count} {what}" for what, count in sorted(counted.items()))
    return f"periods of objects: {told or 'no object has points enough'}"
