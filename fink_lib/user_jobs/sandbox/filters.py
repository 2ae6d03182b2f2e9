"""Which system calls a sandbox may make, as the kernel's own program (BPF), compiled by libseccomp.

What is not listed is refused (EPERM): processes, sockets, mounts, tracing, keys, other memory than its own. libseccomp
knows the numbers of the calls on every architecture; it comes with the system, as bubblewrap does.
"""

import ctypes
import errno
import mmap
import os
from ctypes.util import find_library
from functools import cache

from fink_lib.errors import HostError

ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # SCMP_ACT_ALLOW, SCMP_ACT_ERRNO
MASKED = 7  # SCMP_CMP_MASKED_EQ
EQUAL = 4  # SCMP_CMP_EQ
OTHER_NUMBERING = 2  # SCMP_FLTATR_ACT_BADARCH: calls by the numbers of another architecture
CLONE_THREAD = 0x00010000
GROWS_DOWN = 0x0100  # MAP_GROWSDOWN: counted as a stack, which the limit of data does not bind
MAPPED = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | GROWS_DOWN  # both of the first: no limit of memory counts it
IOCTL_ALLOWED = (0x5401, 0x5413, 0x541B, 0x5450, 0x5451)  # is it a terminal, how large; bytes waiting; closed on exec
PRCTL_ALLOWED = (15, 16, 22, 38, 0x53564D41)  # name of a thread, a filter, no new privileges, name of memory

FILES = """access close dup dup2 dup3 faccessat faccessat2 fcntl fdatasync flock fstat fstatfs fsync ftruncate getcwd
getdents getdents64 lseek lstat newfstatat open openat pread64 preadv pwrite64 pwritev read readahead readlink
readlinkat readv stat statfs statx write writev fadvise64 fallocate mkdir mkdirat rename renameat renameat2 rmdir unlink
unlinkat ftruncate truncate umask chdir fchdir copy_file_range sendfile pipe pipe2 poll ppoll select pselect6
epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd eventfd2"""
MEMORY = "brk madvise mprotect mremap munmap mincore membarrier get_mempolicy mlock munlock"
THREADS = """arch_prctl exit exit_group futex get_robust_list getcpu gettid rseq sched_get_priority_max
sched_get_priority_min sched_getaffinity sched_getparam sched_getscheduler sched_yield set_robust_list set_tid_address
restart_syscall rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack tgkill
wait4 waitid"""
TIME = """clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time timer_create
timer_delete timer_settime times"""
SELF = """getegid geteuid getgid getgroups getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid
getrlimit getrusage getsid getuid prlimit64 setrlimit sysinfo uname capget"""
START = "execve setgid setgroups setresgid setresuid setuid"  # until the sandbox has become nobody
ENDS_WITH = ("execve", "execveat", "setgid", "setgroups", "setresgid", "setresuid", "setuid", "capset", "setrlimit")
LIBRARY = "libseccomp.so.2"


class _Compare(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_uint), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


@cache
def _library() -> ctypes.CDLL:
    try:
        found = ctypes.CDLL(LIBRARY if find_library("seccomp") is None else find_library("seccomp"))
    except OSError as error:
        raise HostError(f"{LIBRARY} is missing: install it (Debian: `apt install libseccomp2`)") from error
    found.seccomp_init.restype = ctypes.c_void_p
    found.seccomp_init.argtypes = [ctypes.c_uint32]
    found.seccomp_release.argtypes = [ctypes.c_void_p]
    found.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    found.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
                                             ctypes.POINTER(_Compare)]  # fmt: skip
    found.seccomp_attr_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
    found.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    return found


class _Filter:
    """A filter while it is made."""

    def __init__(self, otherwise: int) -> None:
        self._made = ctypes.c_void_p(_library().seccomp_init(otherwise))
        _library().seccomp_attr_set(self._made, OTHER_NUMBERING, REFUSE | errno.EPERM)

    def add(self, action: int, name: str, *conditions: tuple[int, int, int, int]) -> None:
        """Add a rule; a call that this architecture has not is passed over.

        Parameters
        ----------
        action, name
            What is done at which call.
        conditions
            Number of an argument, comparison, and its two values.
        """
        number = _library().seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return
        listed = (_Compare * len(conditions))(*(_Compare(*one) for one in conditions))
        code = _library().seccomp_rule_add_array(self._made, action, number, len(conditions), listed)
        if code != 0:
            raise HostError(f"libseccomp takes no rule for {name}: {os.strerror(-code)}")

    def program(self) -> bytes:
        """Return it as the kernel takes it."""
        reading, writing = os.pipe()
        try:
            code = _library().seccomp_export_bpf(self._made, writing)
            os.close(writing)
            if code != 0:
                raise HostError(f"libseccomp writes no filter: {os.strerror(-code)}")
            with os.fdopen(reading, "rb") as pipe:
                return pipe.read()
        finally:
            _library().seccomp_release(self._made)


def start_filter() -> bytes:
    """Return the filter that a sandbox starts under: what is not listed is refused, new processes among it."""
    made = _Filter(REFUSE | errno.EPERM)
    for name in f"{FILES} {MEMORY} {THREADS} {TIME} {SELF} {START}".split():
        made.add(ALLOW, name)
    made.add(ALLOW, "clone", (0, MASKED, CLONE_THREAD, CLONE_THREAD))
    made.add(REFUSE | errno.ENOSYS, "clone3")  # the C library then takes `clone`, whose flags can be looked at
    for part in (0, mmap.MAP_SHARED, mmap.MAP_ANONYMOUS):
        made.add(ALLOW, "mmap", (3, MASKED, MAPPED, part))
    for request in IOCTL_ALLOWED:
        made.add(ALLOW, "ioctl", (1, EQUAL, request, 0))
    for option in PRCTL_ALLOWED:
        made.add(ALLOW, "prctl", (0, EQUAL, option, 0))
    return made.program()


def end_filter() -> bytes:
    """Return the filter that is laid over the first one before anybody's code runs: no other program, no other user."""
    made = _Filter(ALLOW)
    for name in ENDS_WITH:
        made.add(REFUSE | errno.EPERM, name)
    made.add(REFUSE | errno.EPERM, "prctl", (0, EQUAL, 22, 0))
    return made.program()
