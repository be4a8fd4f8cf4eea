"""Data and figures that others published.

LSAT6, LSAT7: five items of the Law School Admission Test, 1,000 candidates each, by response pattern from 00000 to
11111 (Bock and Lieberman 1970, Psychometrika 35, table 1). Figures of LSAT6: R's package ltm, `descript(LSAT)` and
`rasch(LSAT)` in its reference manual (Rizopoulos 2006, Journal of Statistical Software 17(5)). Figures of LSAT7: R's
package mirt, `mirt(expand.table(LSAT7), 1, "Rasch")`.
"""

from collections.abc import Iterator

LSAT6 = [3, 6, 2, 11, 1, 1, 3, 4, 1, 8, 0, 16, 0, 3, 2, 15, 10, 29, 14, 81, 3, 28, 15, 80, 16, 56, 21, 173, 11, 61, 28]
LSAT6 += [298]
LSAT7 = [12, 19, 1, 7, 3, 19, 3, 17, 10, 5, 3, 7, 7, 23, 8, 28, 7, 39, 11, 34, 14, 51, 15, 90, 6, 25, 7, 35, 18, 136]
LSAT7 += [32, 308]

LSAT6_FACILITY = [0.924, 0.709, 0.553, 0.763, 0.870]
LSAT6_SCORES = [3, 20, 85, 237, 357, 298]
LSAT6_DISCRIMINATION = [0.1128, 0.1532, 0.1728, 0.1444, 0.1216]  # point biserial, the item excluded
LSAT6_ALPHA = 0.2950
LSAT6_ALPHA_WITHOUT = [0.2754, 0.2376, 0.2168, 0.2459, 0.2663]
LSAT6_DIFFICULTY = [-3.6153, -1.3224, -0.3176, -1.7301, -2.7802]  # of abilities with deviation 1
LSAT6_SLOPE, LSAT6_LOG_LIKELIHOOD = 0.7551, -2466.938


def patterns(frequencies: list[int]) -> Iterator[list[bool]]:
    """A row of right and wrong for each candidate."""
    for pattern, count in enumerate(frequencies):
        for _ in range(count):
            yield [bool(pattern >> (4 - item) & 1) for item in range(5)]
