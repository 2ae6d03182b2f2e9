"""Ways out of the sandbox of a job, as a table: what is tried, and what must come of it.

Code in Python must raise; where it does not, it got out. Each is tried in a process that all others share, so that what
one of them breaks is broken for those after it too.
"""

# ruff: noqa: E501 - one way a line

from dataclasses import dataclass

C = "import ctypes, os; libc = ctypes.CDLL(None, use_errno=True); ctypes.set_errno(0); "
CALL = (
    C
    + "answer = libc.syscall({}); error = ctypes.get_errno()\nif answer == -1: raise OSError(error, os.strerror(error))"
)


@dataclass(frozen=True)
class Escape:
    """One way.

    Attributes
    ----------
    name
        What is tried.
    code
        How. In it ``{secret}`` is a file of somebody else's job, ``{home}`` the broker's folder.
    """

    name: str
    code: str


def call(name: str, arguments: str) -> Escape:
    """Return a system call that is made by its number on x86-64; elsewhere the number is another call, refused too."""
    return Escape(name, CALL.format(arguments))


IN_PYTHON = (
    # files
    Escape("read a file of the system", "open('/etc/passwd').read()"),
    Escape("read hashed passwords", "open('/etc/shadow').read()"),
    Escape("read a file of another job", "open({secret!r}).read()"),
    Escape("list the home of the broker", "import os; os.listdir({home!r})"),
    Escape("read the accounts", "open({home!r} + '/accounts/accounts.db', 'rb').read()"),
    Escape("climb out of the data", "open('/data/../../..' + {secret!r}).read()"),
    Escape("read its own environment", "open('/proc/self/environ').read()"),
    Escape("read the memory of others", "open('/proc/1/mem', 'rb').read()"),
    Escape("go by another's root", "import os; os.listdir('/proc/1/root')"),
    Escape("go by open files", "import os; os.listdir('/proc/self/fd')"),
    Escape("read the kernel's tables", "import os; os.listdir('/sys')"),
    Escape("read the disk", "open('/dev/vda', 'rb').read(1)"),
    Escape("read physical memory", "open('/dev/mem', 'rb').read(1)"),
    Escape("make a device", "import os, stat; os.mknod('/tmp/disk', 0o600 | stat.S_IFBLK, os.makedev(254, 0))"),
    Escape("follow a link of one's own", "import os; os.symlink({secret!r}, '/tmp/link')\nopen('/tmp/link').read()"),
    Escape("link a file hard", "import os; os.link('/data/d.parquet', '/tmp/hard')"),
    Escape("write over the data", "open('/data/d.parquet', 'ab').write(b'x')"),
    Escape("cut the data off", "import os; os.truncate('/data/d.parquet', 0)"),
    Escape("remove the data", "import os; os.unlink('/data/d.parquet')"),
    Escape("open the data to all", "import os; os.chmod('/data/d.parquet', 0o777)"),
    Escape("rename the data", "import os; os.rename('/data/d.parquet', '/tmp/mine')"),
    Escape("change its order", "open('/job/order.json', 'w').write('x')"),
    Escape("change the program", "open('/job/inside.py', 'a').write('x')"),
    Escape("plant a module", "open('/packages/duckdb/__init__.py', 'a').write('x')"),
    Escape("make a folder at the root", "import os; os.mkdir('/mine')"),
    Escape("write shared memory", "open('/dev/shm/mine', 'w').write('x')"),
    Escape("make a file for root", "import os; open('/tmp/s', 'w').close(); os.chown('/tmp/s', 0, 0)"),
    # the network
    Escape("open a socket", "import socket; socket.socket()"),
    Escape("open a socket of the machine", "import socket; socket.socket(socket.AF_UNIX)"),
    Escape("open a pair of sockets", "import socket; socket.socketpair()"),
    Escape("ask the kernel's network", "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"),
    Escape("open a raw socket", "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"),
    Escape("look a name up", "import socket; socket.getaddrinfo('localhost', 80)"),
    Escape("ask the broker's API", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8090/')"),
    # processes
    Escape("fork", "import os; os.fork()"),
    Escape("start a shell", "import subprocess; subprocess.run(['/bin/sh', '-c', 'id'], check=True)"),
    Escape("start Python anew", "import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'print(1)'])"),
    Escape("start a program by spawn", "import os, sys; os.posix_spawn(sys.executable, [sys.executable], {{}})"),
    Escape("start a pool of processes", "import multiprocessing as m; m.get_context('fork').Process(target=print).start()"),
    Escape("kill the first process", "import os; os.kill(1, 9)"),
    Escape("kill everybody", "import os; os.kill(-1, 9)"),
    Escape("trace another process", C + "\nif libc.ptrace(16, 1, 0, 0) == -1: raise OSError(ctypes.get_errno(), 'ptrace')"),
    call("read another's memory", "310, 1, 0, 0, 0, 0, 0"),
    call("take another's open file", "438, 3, 1, 0"),
    call("clone into new name spaces", "56, 0x10000000 | 17, 0, 0, 0, 0"),
    # the kernel
    call("leave the name space of files", "272, 0x00020000"),
    call("make a name space of users", "272, 0x10000000"),
    call("enter a name space", "308, 0, 0"),
    Escape("mount", C + "\nif libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == -1: raise OSError(ctypes.get_errno(), 'mount')"),
    Escape("unmount", C + "\nif libc.umount2(b'/job', 2) == -1: raise OSError(ctypes.get_errno(), 'umount')"),
    call("change the root", "155, 0, 0"),
    Escape("change the root by chroot", "import os; os.chroot('/tmp')"),
    call("open by a handle", "304, 0, 0, 0"),
    call("read keys", "250, 0, -3, 0"),
    call("add a key", "248, 0, 0, 0, 0, -3"),
    call("load a program into the kernel", "321, 0, 0, 0"),
    call("load a module", "175, 0, 0, 0"),
    call("start another kernel", "246, 0, 0, 0, 0"),
    call("watch performance counters", "298, 0, 0, -1, -1, 0"),
    call("handle faults of memory", "323, 0"),
    call("set up rings of requests", "425, 1, 0"),
    call("make a file in memory alone", "319, 0, 0"),
    call("make shared memory", "29, 0, 4096, 0o1600"),
    call("make a queue of messages", "68, 0, 0o1600"),
    call("reach ports of the machine", "172, 3"),
    call("be another architecture", "135, 0x0008"),
    call("set the clock", "227, 0, 0"),
    call("name the machine", "170, 0, 0"),
    call("switch the machine off", "169, 0xfee1dead, 672274793, 0x4321fedc, 0"),
    call("call by the other numbering", "0x40000000 | 57"),
    # its own bounds
    Escape("become root", "import os; os.setuid(0)"),
    Escape("become root, all ids", "import os; os.setresuid(0, 0, 0)"),
    Escape("join groups", "import os; os.setgroups([0])"),
    Escape("take abilities back", C + "\nif libc.capset(0, 0) == -1: raise OSError(ctypes.get_errno(), 'capset')"),
    Escape("widen a limit", "import resource as r; r.setrlimit(r.RLIMIT_DATA, (r.RLIM_INFINITY, r.RLIM_INFINITY))"),
    Escape("put on another filter", C + "\nif libc.prctl(22, 2, 0, 0, 0) == -1: raise OSError(ctypes.get_errno(), 'prctl')"),
    Escape("be dumped", C + "\nif libc.prctl(4, 1, 0, 0, 0) == -1: raise OSError(ctypes.get_errno(), 'prctl')"),
    Escape("type into a terminal", "import fcntl; fcntl.ioctl(1, 0x5412, b'x')"),
    Escape("hold memory that no limit counts", "import mmap; mmap.mmap(-1, 4096)"),
    Escape("hold memory of a device that no limit counts", "import mmap, os; mmap.mmap(os.open('/dev/zero', os.O_RDWR), 4096)"),
    call("hold memory as a stack, which no limit counts", "9, 0, 4096, 3, 0x122, -1, 0"),
    Escape("take more memory than a job has", "held = bytearray(6 << 30)"),
    Escape("fill the scratch folder", "f = open('/tmp/full', 'wb')\ntry:\n for _ in range(600): f.write(bytes(1 << 20))\n"
           "finally:\n import os; os.unlink('/tmp/full')"),
    Escape("a file larger than a result", "import os; os.truncate(os.open('/tmp/large', os.O_CREAT | os.O_RDWR), 1 << 40)"),
)  # fmt: skip

# What the engine of a job refuses, were it not refused before
IN_ENGINE = (
    Escape("read a file as CSV", "SELECT * FROM read_csv('/etc/passwd')"),
    Escape("read a file as text", "SELECT * FROM read_text('/job/inside.py')"),
    Escape("read a file as bytes", "SELECT * FROM read_blob('/job/order.json')"),
    Escape("name a file as a table", "SELECT * FROM '/job/order.json'"),
    Escape("find files", "SELECT * FROM glob('/job/*')"),
    Escape("ask the network", "SELECT * FROM read_csv('http://127.0.0.1:8090/health')"),
    Escape("write where it may read", "COPY (SELECT 1) TO '/data/d.parquet'"),
    Escape(
        "write there without a file between",
        "COPY (SELECT 1) TO '/data/d.parquet' (FORMAT parquet, USE_TMP_FILE false)",
    ),
    Escape("write to the scratch folder", "COPY (SELECT 1) TO '/tmp/x.csv'"),
    Escape("attach a file", "ATTACH '/tmp/x.db'"),
    Escape("write all tables", "EXPORT DATABASE '/tmp/all'"),
    Escape("run a file", "IMPORT DATABASE '/tmp/all'"),
    Escape("install an extension", "INSTALL httpfs"),
    Escape("load an extension", "LOAD httpfs"),
    Escape("widen the memory", "SET memory_limit = '100GB'"),
    Escape("open what is outside", "SET enable_external_access = true"),
    Escape("permit further files", "SET allowed_paths = ['/etc/passwd']"),
    Escape("unlock its settings", "SET lock_configuration = false"),
    Escape("take a setting back", "RESET memory_limit"),
    Escape("set by a pragma", "PRAGMA temp_directory = '/tmp/other'"),
)

# What is refused before it waits for its turn
NO_QUERIES = (
    *(one.code for one in IN_ENGINE[:20]),
    "SELECT 1; DROP VIEW ztf.sources",
    "SELECT * FROM query('SELECT 42')",
    "SELECT * FROM query_table('ztf.sources')",
    "SELECT getenv('HOME')",
    "SELECT current_setting('temp_directory')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM parquet_metadata('/data/d.parquet')",
    "SELECT (SELECT count(*) FROM read_text('/etc/passwd'))",
    "WITH a AS (SELECT * FROM read_csv('/etc/passwd')) SELECT * FROM a",
    "DELETE FROM ztf.sources",
    "CREATE TABLE x AS SELECT 1",
    "CREATE MACRO f() AS 1",
    "EXPLAIN SELECT 1",
    "CALL pragma_version()",
    "VACUUM",
    "",
    "nothing",
)
