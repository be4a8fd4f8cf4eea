"""Progress bars of long commands: one line per step with count and time; silent when nobody watches."""

from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def steps(label: str, rows: Collection[T]) -> Iterator[T]:
    """Iterates `rows` with a bar that says how many are done and how long it took."""
    yield from _bar(label, rows, len(rows))


def _bar(label: str, rows: Iterable[T], total: int) -> Iterable[T]:
    return tqdm(
        rows,
        desc=f"{label:<34}",
        total=total,
        leave=True,
        bar_format="{desc} {bar:24} {n_fmt}/{total_fmt}  {elapsed}",
        ascii=" ▏▎▍▌▋▊▉█",
    )
