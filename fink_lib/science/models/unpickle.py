"""Read a pickle without trusting it: every object in it becomes an inert record, and nothing of it is executed.

A pickle is a program that may call whatever it can name. Here it can name the classes of a short list alone, and
each of those names means a record that keeps what it is given and does nothing. Any other name is refused.
"""

import pickle
from collections.abc import Callable, Mapping
from typing import IO, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from fink_lib.errors import ModelError

Array = npt.NDArray[Any]


class Record:
    """An object of the pickle: what it was made with, and what was then put into it."""

    def __init__(self, *args: Any) -> None:
        self.args = args
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __reduce__(self) -> Any:
        raise TypeError("a record of an untrusted pickle is not pickled again")

    def __getitem__(self, name: str) -> Any:
        """Return an attribute of the object, arrays as arrays."""
        return plain(self.state[name])


class ForestRecord(Record):
    """A random forest."""


class TreeClassifierRecord(Record):
    """One tree of a forest, as scikit-learn wraps it."""


class TreeRecord(Record):
    """The arrays of a tree."""


class DtypeRecord(Record):
    """The type of an array's values."""

    def resolve(self) -> np.dtype[Any]:
        """Return the type: a number, or a struct of numbers; anything else is refused."""
        code = str(self.args[0])
        order, names = "|", None
        fields: Mapping[str, Any] = {}
        if self.state is not None:
            order, names, fields = self.state[1], self.state[3], self.state[4]
        if names:
            parts = {name: fields[name] for name in names}
            return np.dtype(
                {
                    "names": list(parts),
                    "formats": [part[0].resolve() for part in parts.values()],
                    "offsets": [part[1] for part in parts.values()],
                    "itemsize": int(code[1:]),
                }
            )
        if code[:1] not in "fiub":
            raise ModelError(f"the pickle holds an array of '{code}': only numbers are read")
        return np.dtype(code).newbyteorder(cast("Literal['<', '>', '=']", "=" if order == "|" else order))


class ScalarRecord(Record):
    """One number of an array's type."""


class ArrayRecord(Record):
    """An array: its shape, type and bytes come as state."""

    def resolve(self) -> Array | list[Any]:
        """Return the array; an array of objects as a list."""
        _, shape, dtype, fortran, data = self.state
        if isinstance(data, list):
            return [plain(value) for value in data]
        array: Array = np.frombuffer(data, dtype=dtype.resolve())
        return array.reshape(shape, order="F" if fortran else "C")


def _reconstruct(*_args: Any) -> ArrayRecord:
    return ArrayRecord()


class ClassRecord(Record):
    """A class that the pickle names as a value."""


class DictRecord(dict[Any, Any]):
    """A dictionary that ignores attributes set on it."""

    def __setstate__(self, state: Any) -> None:
        """Drop what the pickle would set."""


NUMPY: Mapping[str, Callable[..., Any]] = {
    "numpy.core.multiarray._reconstruct": _reconstruct,
    "numpy._core.multiarray._reconstruct": _reconstruct,
    "numpy.core.multiarray.scalar": ScalarRecord,
    "numpy._core.multiarray.scalar": ScalarRecord,
    "numpy.ndarray": ClassRecord,
    "numpy.dtype": DtypeRecord,
}
FORESTS: Mapping[str, Callable[..., Any]] = {
    **NUMPY,
    "sklearn.ensemble._forest.RandomForestClassifier": ForestRecord,
    "sklearn.tree._classes.DecisionTreeClassifier": TreeClassifierRecord,
    "sklearn.tree._tree.Tree": TreeRecord,
}


class InertUnpickler(pickle.Unpickler):
    """An unpickler that knows a few names, and makes records of them.

    Parameters
    ----------
    stream
        Where the pickle is.
    names
        ``module.name`` → what makes its record.
    persistent
        Called with each persistent id (torch names its storages so); without it there must be none.
    """

    def __init__(
        self,
        stream: IO[bytes],
        names: Mapping[str, Callable[..., Any]],
        persistent: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(stream)
        self._names = names
        self._persistent = persistent

    def find_class(self, module: str, name: str) -> Any:
        """Return the record of a name of the list.

        Parameters
        ----------
        module, name
            As the pickle says them; nothing is imported.

        Raises
        ------
        ModelError
            When the name is not on it.
        """
        try:
            return self._names[f"{module}.{name}"]
        except KeyError:
            raise ModelError(
                f"the pickle names '{module}.{name}', which is not on the list of what it may name: "
                "the file is not the model it should be; reinstall the package that carries it"
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        """Return what a persistent id stands for."""
        if self._persistent is None:
            raise ModelError(f"the pickle refers to an outside object {str(pid)[:80]!r}: none is expected")
        return self._persistent(pid)


def plain(value: Any) -> Any:
    """Return arrays and numbers as such, and any other value as it is."""
    if isinstance(value, ArrayRecord | DtypeRecord):
        return value.resolve()
    if isinstance(value, ScalarRecord):
        return np.frombuffer(value.args[1], dtype=value.args[0].resolve())[0]
    return value


def read_pickle(
    stream: IO[bytes], names: Mapping[str, Callable[..., Any]], persistent: Callable[[Any], Any] | None = None
) -> Any:
    """Read one pickle of a stream as records.

    Parameters
    ----------
    stream
        Stands at the beginning of the pickle.
    names
        `module.name` → what makes its record.
    persistent
        Called with each persistent id; without it there must be none.

    Raises
    ------
    ModelError
        When it names something that is not on the list, or is damaged.
    """
    try:
        return InertUnpickler(stream, names, persistent).load()
    except (pickle.UnpicklingError, EOFError, TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise ModelError(f"the pickle is damaged or not what it should be: {error}") from error
