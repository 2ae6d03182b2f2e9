"""A hundredth of the stream, chosen by the alert's number alone."""

from fink_lib.filters.base import Clause, Filter

ONE_IN = 113  # a prime: no pattern in how ids are given can favour a detector or a visit

FILTER = Filter(
    name="uniform_sample",
    version="1.0",
    survey="lsst",
    clauses=(
        Clause(
            f"diaSourceId divisible by {ONE_IN}",
            ("diaSource.diaSourceId",),
            lambda batch: batch["diaSource.diaSourceId"] % ONE_IN == 0,
        ),
    ),
    description=f"One alert of {ONE_IN}, whatever it is.",
    example="Test a new classifier on what the stream really holds.",
    owner="classification",
    reference="Fink's topic of the same name",
)
