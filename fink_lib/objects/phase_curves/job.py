"""The job of the `phase_curves` DAG."""

from fink_lib.config import Settings
from fink_lib.objects.phase_curves.book import rebuild
from fink_lib.processes.endings import run_job
from fink_lib.surveys import SURVEYS


def main() -> int:
    """Run the job; return an exit code, after one sentence on stderr when it fails."""
    return run_job("phase_curves", lambda: [made(Settings())])


def made(settings: Settings) -> str:
    """Fit all phase curves anew; return one sentence."""
    counted = rebuild(settings.lake, SURVEYS.values())
    told = ", ".join(f"{count} {what}" for what, count in sorted(counted.items()))
    return f"phase curves of moving objects: {told or 'no moving object was seen yet'}"
