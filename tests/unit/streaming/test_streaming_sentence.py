import pytest

from fink_lib.streaming.sentence import sentence_of

HEAD = "[STREAM_FAILED] Query [id = 1] terminated with exception: Return Message: "
PYTHON = """Traceback (most recent call last):
  File "utils.py", line 162, in call
    self.func(frame, batch_id)
  File "stream.py", line 8, in write
    raise ValueError("this batch cannot be written")
ValueError: this batch cannot be written
 SQLSTATE: 39000"""
JAVA = """Traceback (most recent call last):
  File "table.py", line 93, in append_once
    .save(str(path))
py4j.protocol.Py4JJavaError: An error occurred while calling o310.save.
: java.io.IOException: No space left on device
\tat java.base/java.io.FileOutputStream.write(FileOutputStream.java:1)
"""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + PYTHON, "ValueError: this batch cannot be written"),
        (HEAD + JAVA, "java.io.IOException: No space left on device"),
        (f"{JAVA}\nThe above exception was the cause of:\n{PYTHON}", "ValueError: this batch cannot be written"),
        ("Kafka is away\nand more", "RuntimeError: Kafka is away"),
        ("", "RuntimeError: no message"),
    ],
)
def test_the_line_that_names_the_fault_is_found(text: str, sentence: str) -> None:
    assert sentence_of(RuntimeError(text)) == sentence
