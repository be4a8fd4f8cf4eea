"""A figure, or why there is none: too few answers, or nothing that varies."""

from dataclasses import dataclass

# The least number of answers for each statistic; why so many is said in docs/statistics.md.
FACILITY, DISCRIMINATION, GROUPS, RELIABILITY, CONSISTENCY, RASCH, DRIFT, SIMILARITY = 10, 30, 50, 30, 50, 100, 30, 50


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """`value` is None when fewer than `needs` answers are there, or when `why` says that none can be computed."""

    value: float | None
    n: int
    needs: int
    why: str = ""

    @property
    def is_known(self) -> bool:
        return self.value is not None

    @property
    def words(self) -> str:
        """The value to three decimals, or what is missing."""
        if self.value is not None:
            return f"{self.value:.3f}"
        return self.why or f"needs {self.needs} answers, has {self.n}"


def estimate(value: float | None, *, n: int, needs: int, why: str = "nothing varies") -> Estimate:
    """An estimate that says nothing below its floor."""
    if n < needs:
        return Estimate(value=None, n=n, needs=needs)
    return Estimate(value=value, n=n, needs=needs, why="" if value is not None else why)
