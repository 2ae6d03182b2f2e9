"""One sentence out of the pages that Spark says when a query fails: the error of the code that was at fault."""

TRACEBACK = "Traceback (most recent call last):"
JAVA_ERROR = "Py4JJavaError"


def sentence_of(error: BaseException) -> str:
    """Return the line that names what went wrong.

    An error inside a micro-batch travels from Python through the JVM back to Python; its own line is the
    first that is not indented after the last traceback. An error of the JVM, called from there, is one line below.
    """
    text = str(error).strip()
    if TRACEBACK in text:
        lines = text.rpartition(TRACEBACK)[2].splitlines()[1:]
        told = [line.strip() for line in lines if line.strip() and not line[0].isspace()]
        if len(told) > 1 and JAVA_ERROR in told[0]:
            return told[1].removeprefix(": ")
        if told:
            return told[0]
    return headline(error)


def headline(error: BaseException) -> str:
    """Return the kind of an error and the first line of what it says."""
    first = (str(error).strip().splitlines() or ["no message"])[0]
    return f"{type(error).__name__}: {first}"
