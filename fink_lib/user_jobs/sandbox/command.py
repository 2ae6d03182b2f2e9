"""The command line of a sandbox: which name spaces it has, and the few files that are in it."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from fink_lib.errors import HostError
from fink_lib.user_jobs.sandbox import inside

BWRAP = "bwrap"
MISSING = "bubblewrap is missing: install it (Debian: `apt install bubblewrap`), then user jobs can run"
LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/lib", "/lib64")
DEVICES = ("/dev/null", "/dev/urandom")  # not /dev/zero: what is mapped of it is memory that no limit counts
NOBODY = "65534"
ENVIRONMENT = {"HOME": inside.SCRATCH, "TMPDIR": inside.SCRATCH, "LANG": "C.UTF-8", "TZ": "UTC",
               "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "2", "ARROW_NUM_THREADS": "2",
               "MALLOC_ARENA_MAX": "2"}  # fmt: skip
# Of root no name space of users is made: its limits do not bind in one. It becomes another user within (`inside`).
SPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
OF_ROOT = ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
OF_USER = ("--unshare-user", "--uid", NOBODY, "--gid", NOBODY, "--cap-drop", "ALL")


def bubblewrap() -> str:
    """Return where bubblewrap is.

    Raises
    ------
    HostError
        When this machine lacks it.
    """
    found = shutil.which(BWRAP)
    if found is None:
        raise HostError(MISSING)
    return found


def sandbox_command(files: Mapping[str, Path], *, filter_handle: int, scratch_mb: int) -> list[str]:
    """Return the command that runs `inside` in a sandbox.

    Parameters
    ----------
    files
        Path in the sandbox → file or folder that is bound there, to be read alone.
    filter_handle
        Open file with the filter of system calls.
    scratch_mb
        Size of the one folder that it may write, in memory.
    """
    own = {f"{inside.JOB}/inside.py": Path(inside.__file__), inside.PACKAGES: Path(sysconfig.get_path("purelib"))}
    bound = {**dict(_interpreter()), **own, **files}
    binds = [word for place, path in bound.items() for word in ("--ro-bind", str(path), place)]
    environment = [word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)]
    devices = [word for one in DEVICES for word in ("--dev-bind", one, one)]
    return [
        bubblewrap(), *SPACES, *(OF_ROOT if os.getuid() == 0 else OF_USER), "--new-session", "--die-with-parent",
        "--hostname", "job", "--clearenv", *environment, *_folders([*bound, *DEVICES]),
        *_links(), *devices, *binds,
        "--size", str(scratch_mb << 20), "--tmpfs", inside.SCRATCH, "--remount-ro", "/", "--chdir", inside.SCRATCH,
        "--seccomp", str(filter_handle), "--", str(Path(sys.executable).resolve()), "-I", "-S", "-B",
        f"{inside.JOB}/inside.py",
    ]  # fmt: skip


def _interpreter() -> Iterator[tuple[str, Path]]:
    """Yield Python and the libraries of the system, and no program beside."""
    python = Path(sys.executable).resolve()
    for name in (*LIBRARIES, f"{sys.base_prefix}/lib", f"{sys.base_prefix}/lib64"):
        path = Path(name)
        if path.is_dir() and not path.is_symlink():
            yield name, path
    yield str(python), python


def _links() -> Iterator[str]:
    """Yield what makes the links among those places."""
    for name in LIBRARIES:
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)


def _folders(places: Iterable[str]) -> Iterator[str]:
    """Yield what makes the folders above some places, open to everybody: bubblewrap makes them for root alone."""
    above = {folder for place in places for folder in Path(place).parents if folder != Path("/")}
    for folder in sorted(above):
        yield from ("--perms", "0755", "--dir", str(folder))
