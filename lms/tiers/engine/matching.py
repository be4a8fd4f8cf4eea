"""Who fills which role: a maximum matching of people and places (SciPy's Hopcroft-Karp)."""

from collections.abc import Mapping


def assign(
    qualified: Mapping[str, tuple[str, ...]], places: Mapping[str, int], *, is_shared: bool
) -> dict[str, tuple[str, ...]]:
    """By role the people who fill it: as many places in all as possible, nobody in two roles unless `is_shared`.

    Where nobody qualifies for two roles there is nothing to solve. Deterministic.
    """
    people = [person for found in qualified.values() for person in found]
    if is_shared or len(set(people)) == len(people):
        return {name: found[: places[name]] for name, found in qualified.items()}
    return _match(qualified, places)


def _match(qualified: Mapping[str, tuple[str, ...]], places: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    import numpy as np
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching

    people = sorted({person for found in qualified.values() for person in found})
    row = {person: index for index, person in enumerate(people)}
    # More places than people are never filled: they only make the matrix larger.
    slots = [name for name in qualified for _ in range(min(places[name], len(people)))]
    pairs = [(column, row[person]) for column, name in enumerate(slots) for person in qualified[name]]
    filled: dict[str, list[str]] = {name: [] for name in qualified}
    if pairs:
        columns, rows = zip(*pairs, strict=True)
        graph = csr_matrix((np.ones(len(pairs), dtype=np.int8), (columns, rows)), shape=(len(slots), len(people)))
        for name, found in zip(slots, maximum_bipartite_matching(graph, perm_type="column").tolist(), strict=True):
            if found >= 0:
                filled[name].append(people[found])
    return {name: tuple(sorted(found)) for name, found in filled.items()}
