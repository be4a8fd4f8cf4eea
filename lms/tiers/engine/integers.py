"""A small integer programme: switches and amounts, sums that must reach something, least cost. Solved by HiGHS."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """`values` None: nothing was found in time. `bound`: no solution costs less."""

    values: list[float] | None
    is_optimal: bool
    bound: float


@dataclass
class Model:
    """Variables are called by their number."""

    costs: list[float] = field(default_factory=list)
    ceilings: list[float] = field(default_factory=list)
    is_whole: list[int] = field(default_factory=list)
    rows: list[tuple[dict[int, float], float]] = field(default_factory=list)

    def switch(self, cost: float = 0.0) -> int:
        """A variable that is 0 or 1."""
        return self._variable(cost, 1.0, 1)

    def amount(self, ceiling: float) -> int:
        """A variable from 0 to `ceiling`."""
        return self._variable(0.0, ceiling, 0)

    def _variable(self, cost: float, ceiling: float, is_whole: int) -> int:
        self.costs.append(cost)
        self.ceilings.append(ceiling)
        self.is_whole.append(is_whole)
        return len(self.costs) - 1

    def at_least(self, terms: dict[int, float], need: float) -> None:
        """Σ coefficient · variable >= need."""
        self.rows.append((terms, need))

    def solve(self, seconds: float) -> Answer:
        """The least cost, or the best found in so many seconds."""
        if not self.costs:
            is_possible = all(need <= 0 for _, need in self.rows)
            return Answer([] if is_possible else None, is_possible, 0.0)
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_matrix

        cells = [(row, column, value) for row, (terms, _) in enumerate(self.rows) for column, value in terms.items()]
        constraints = []
        if self.rows:
            rows, columns, values = zip(*cells, strict=True) if cells else ((), (), ())
            matrix = csr_matrix((values, (rows, columns)), shape=(len(self.rows), len(self.costs)))
            constraints = [LinearConstraint(matrix, np.array([need for _, need in self.rows]), np.inf)]
        found = milp(
            np.array(self.costs),
            integrality=np.array(self.is_whole),
            bounds=Bounds(0, np.array(self.ceilings)),
            constraints=constraints,
            options={"time_limit": seconds, "mip_rel_gap": 0.0},
        )
        bound = found.mip_dual_bound if found.mip_dual_bound is not None else 0.0
        return Answer(None if found.x is None else found.x.tolist(), found.status == 0, max(float(bound), 0.0))
