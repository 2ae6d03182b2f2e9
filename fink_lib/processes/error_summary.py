"""One sentence out of the pages that Spark says when a query fails: the error of the code that was at fault."""

import re

TRACEBACK = "Traceback (most recent call last):"
JAVA_ERROR = "Py4JJavaError"
CAUSED_BY = "Caused by: "
# What Spark says above the error that was the cause
WRAPPED = re.compile(r"Job aborted|[Ss]tage failure|thrown in awaitResult|Task failed while|TASK_WRITE_FAILED")
UNREADABLE = re.compile(
    r"FAILED_READ_FILE|is not a Parquet file|FileNotFoundException|No such file or directory|Can not read value"
    r"|DELTA_\w*NOT_FOUND|ParquetDecodingException|InvalidParquetMetadata"
)
TABLE_FILE = re.compile(r"(?P<folder>/[^\s'\"]*?)/(?P<table>(?:bronze|silver|gold)_\w+)/(?P<file>[^\s'\",:]+\.\w+)")
CATALOG = "catalog_"  # begins the name of a catalogue's table, behind its layer
LOG = "_delta_log/"
QUERY = re.compile(r"\[STREAM_FAILED\] Query \[[^\]]*\] terminated with exception: ")
# Its cause is a connection that was reset: true, and no help
CRASHED = "Python worker exited unexpectedly"


def sentence_of(error: BaseException) -> str:
    """Return the line that names what went wrong; of a damaged file of the lake, its name, its table and the way out.

    An error inside a micro-batch travels from Python through the JVM back to Python; its own line is the
    first that is not indented after the last traceback. An error of the JVM, called from there, is one line below.
    """
    text = str(error).strip()
    if CRASHED in text:
        return f"{CRASHED}: code that is not Python's ended it, or want of memory"
    return unreadable_file(text) or _of_text(text) or headline(error)


def headline(error: BaseException) -> str:
    """Return the kind of an error and the first line of what it says."""
    first = QUERY.sub("", (str(error).strip().splitlines() or ["no message"])[0])
    return f"{type(error).__name__}: {first}"


def unreadable_file(text: str) -> str:
    """Return which file of which table cannot be read, and what to do; an empty text when it is not about one."""
    found = TABLE_FILE.search(text) if UNREADABLE.search(text) else None
    if found is None:
        return ""
    table, folder = found["table"], found["folder"].lstrip("/")  # of a path, or of a URL
    mend = way_out(table, found["file"])
    return f"file {found['file']} of table {table} is missing or damaged (/{folder}/{table}): {mend}"


def way_out(table: str, file: str) -> str:
    """Return what mends a table of which a file cannot be read.

    Parameters
    ----------
    table
        Name of the table, such as ``silver_ztf__alerts``.
    file
        The file, from the folder of the table.
    """
    if file.startswith(LOG):
        return "restore it from a copy of the lake"
    name = table.partition("__")[2]
    if name.startswith(CATALOG):
        return f"`fink catalogs load {name.removeprefix(CATALOG)} --again` writes it anew"
    if table.startswith("silver_"):
        return "restore it from a copy of the lake, or compute its night again with `fink reprocess`"
    return "restore it from a copy of the lake"


def _of_text(text: str) -> str:
    """Return the line that names what went wrong; an empty text when nothing in it was caused by something else."""
    lines = text.splitlines()
    if TRACEBACK in text:
        lines = text.rpartition(TRACEBACK)[2].splitlines()[1:]
        told = [line.strip() for line in lines if line.strip() and not line[0].isspace()]
        if not told or JAVA_ERROR not in told[0] or len(told) == 1:
            return told[0] if told else ""
        return _of_java(told[1:])
    java = [line for line in lines if line.startswith((": ", CAUSED_BY))]
    return _of_java(java) if java else ""


def _of_java(lines: list[str]) -> str:
    """Return what an error of the JVM says, or what it was caused by where itself says only that something failed."""
    first = lines[0].removeprefix(": ")
    causes = [line.removeprefix(CAUSED_BY) for line in lines if line.startswith(CAUSED_BY)]
    return causes[-1] if causes and WRAPPED.search(first) else first
