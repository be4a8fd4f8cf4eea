"""Statistics against published figures, against Moodle's expected ones, and by their properties."""

import csv
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.assessments.statistics import angoff, estimates, reliability
from lms.assessments.statistics.figures import correlation, covariance_with_rest, figures, tails, upper_lower, variance
from lms.assessments.statistics.rasch import calibrate
from lms.assessments.statistics.reliability import decide, exam_figures, total_variance
from lms.assessments.statistics.similarity import Sheet, match_chance, option_chances, similar_pairs
from lms.assessments.statistics.sums import OMITTED, SHARE, ItemSums, merged, merged_exams
from lms.assessments.statistics.tally import Scored, Sitting, Tally, chosen, seconds_on_items
from tests.assessments import published

MOODLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "questions" / "statistics"
AT = datetime(2026, 11, 1, tzinfo=UTC)


def sitting(points: Sequence[object], options: Sequence[str] | None = None) -> Sitting:
    """An attempt at items of one point each, in order; by default the answer is "a" when all points were earned."""
    answers = [
        Scored(
            item=number,
            type="choice",
            answer=options[number] if options else ("a" if value == 1 else "b"),
            points=Decimal(str(value)),
            max_points=Decimal(1),
        )
        for number, value in enumerate(points)
    ]
    return Sitting(started_at=None, is_passed=False, answers=answers)


def tally(rows: Iterable[Sequence[object]]) -> Tally:
    made = Tally()
    for row in rows:
        made.add(sitting(row))
    return made


@pytest.fixture(scope="module")
def lsat6() -> Tally:
    return tally([int(value) for value in row] for row in published.patterns(published.LSAT6))


def test_facility_and_discrimination_are_those_of_ltm(lsat6: Tally) -> None:
    found = [figures(lsat6.items[number]) for number in range(5)]
    assert [one.facility.value for one in found] == published.LSAT6_FACILITY
    values = [one.discrimination.value for one in found]
    assert values == pytest.approx(published.LSAT6_DISCRIMINATION, abs=5e-5)


def test_alpha_is_that_of_ltm_and_the_scores_are_its_scores(lsat6: Tally) -> None:
    assert reliability.alpha(lsat6.exam, lsat6.items.values()) == pytest.approx(published.LSAT6_ALPHA, abs=5e-5)
    assert [lsat6.exam.by_percent[20 * score] for score in range(6)] == published.LSAT6_SCORES
    for left_out, expected in enumerate(published.LSAT6_ALPHA_WITHOUT):
        rows = ([v for item, v in enumerate(row) if item != left_out] for row in published.patterns(published.LSAT6))
        without = tally([int(value) for value in row] for row in rows)
        assert reliability.alpha(without.exam, without.items.values()) == pytest.approx(expected, abs=5e-5)


def test_rasch_difficulties_are_those_of_ltm() -> None:
    made = calibrate(dict(enumerate(row)) for row in published.patterns(published.LSAT6))
    assert made.spread == pytest.approx(published.LSAT6_SLOPE, abs=5e-5)
    assert made.log_likelihood == pytest.approx(published.LSAT6_LOG_LIKELIHOOD, abs=5e-4)
    values = [made.difficulties[item].value / made.spread for item in range(5)]
    assert values == pytest.approx(published.LSAT6_DIFFICULTY, abs=5e-5)


def test_rasch_difficulties_are_the_most_likely() -> None:
    """LSAT7, against the likelihood written out pattern by pattern: no step in any direction makes it greater."""
    made = calibrate(dict(enumerate(row)) for row in published.patterns(published.LSAT7))
    point = [*(made.difficulties[item].value for item in range(5)), made.spread]
    best = likelihood(point)
    assert best == pytest.approx(made.log_likelihood, abs=1e-6)
    for place in range(6):
        for step in (-0.002, 0.002):
            moved = [value + step * (number == place) for number, value in enumerate(point)]
            assert likelihood(moved) < best


def likelihood(point: list[float]) -> float:
    """Of LSAT7 under difficulties and a spread, by Simpson's rule over abilities."""
    *difficulties, spread = point
    width, total = 0.05, 0.0
    nodes = [(width * step, math.exp(-((width * step) ** 2) / 2)) for step in range(-160, 161)]
    for pattern, count in enumerate(published.LSAT7):
        chance = 0.0
        for z, density in nodes:
            for item, difficulty in enumerate(difficulties):
                right = 1 / (1 + math.exp(difficulty - spread * z))
                density *= right if pattern >> (4 - item) & 1 else 1 - right
            chance += density
        total += count * math.log(chance * width / math.sqrt(2 * math.pi))
    return total


def test_rasch_puts_candidates_of_different_items_on_one_scale() -> None:
    """Each half of the candidates got four of the five items: the difficulties stay what all five say."""
    rows = [dict(enumerate(row)) for row in published.patterns(published.LSAT6)]
    for number, row in enumerate(rows):
        del row[number % 2]
    made = calibrate(rows)
    whole = calibrate(dict(enumerate(row)) for row in published.patterns(published.LSAT6))
    for item in range(5):
        error = made.difficulties[item].error
        assert abs(made.difficulties[item].value - whole.difficulties[item].value) < 2 * error


def test_rasch_says_when_there_is_nothing_to_say() -> None:
    with pytest.raises(ValueError, match="rightly by some"):
        calibrate([{1: True}, {1: True}])
    made = calibrate([{1: True, 2: True, 3: False}, {1: True, 2: False, 3: True}, {1: True, 2: False, 3: False}] * 9)
    assert set(made.difficulties) == {2, 3}


def moodle(name: str) -> list[dict[str, str]]:
    path = MOODLE / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_moodles_expected_figures_come_out() -> None:
    """Facility, deviation, variances, covariance and discrimination of each slot, to the digits Moodle's file has."""
    rows = moodle("results00.csv")
    slots = range(1, 8)
    made = tally([row[f"slots.{slot}.mark"] or "0" for slot in slots] for row in rows)
    expected = {int(row["slot"]): row for row in moodle("qstats00.csv") if not row["subqname"] and not row["variant"]}
    assert set(expected) == set(slots)
    for slot in slots:
        sums, want = made.items[slot - 1], expected[slot]
        assert sums.n == int(want["s"])
        assert sums.x / sums.n / SHARE == pytest.approx(float(want["facility"]), abs=1e-6)
        assert math.sqrt(variance(sums) or 0) == pytest.approx(float(want["sd"]), abs=1e-6)
        assert variance(sums) == pytest.approx(float(want["markvariance"]), abs=1e-6)
        assert 36 * rest_variance(sums) == pytest.approx(float(want["othermarkvariance"]), abs=1e-6)
        assert 6 * (covariance_with_rest(sums) or 0) == pytest.approx(float(want["covariance"]), abs=1e-6)
        assert 100 * (correlation(sums) or 0) == pytest.approx(float(want["discriminationindex"]), abs=1e-5)


def rest_variance(sums: ItemSums) -> float:
    """Of the points in the six other items, as shares."""
    return (sums.n * sums.rr - sums.r**2) / (sums.n * (sums.n - 1)) / SHARE**2


def test_decision_consistency_of_known_cases() -> None:
    """Uniform true scores, one item: both pass in a third, both fail in a third (the beta integrals by hand)."""
    one = decide(1, 1, 1, 0.5)
    assert (one.agreement, one.kappa) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    sure = decide(4, 2, 2, 0.0)
    assert (sure.agreement, sure.kappa, sure.at_cut) == (pytest.approx(1), 1.0, pytest.approx(1))


@pytest.mark.parametrize(
    ("reliability_", "agreement"),
    [
        (0.1, 0.53),
        (0.2, 0.56),
        (0.3, 0.60),
        (0.4, 0.63),
        (0.5, 0.67),
        (0.6, 0.70),
        (0.7, 0.75),
        (0.8, 0.80),
        (0.9, 0.86),
    ],
)
def test_decision_consistency_is_that_of_subkoviaks_table(reliability_: float, agreement: float) -> None:
    """Subkoviak (1988), Journal of Educational Measurement 25, table 1, row z = 0: a cut at the mean.

    His table takes normal scores: a long exam comes near it. KR-21 of n items with Beta(a, a) is n / (n + 2a).
    """
    length = 399
    a = length * (1 - reliability_) / reliability_ / 2
    assert decide(length, a, a, 0.5).agreement == pytest.approx(agreement, abs=0.011)


def test_the_closed_form_of_consistency_is_the_integral() -> None:
    """Against a sum over true scores of the squared binomial chances, 0.2 percent apart."""
    length, a, b, cut = 12, 3.2, 1.7, 0.6
    made = decide(length, a, b, cut)
    total = agreement = 0.0
    for step in range(1, 5000):
        true = step / 5000
        weight = true ** (a - 1) * (1 - true) ** (b - 1)
        passes = reliability.at_least(math.ceil(cut * length), [true] * length)
        total += weight
        agreement += weight * (passes**2 + (1 - passes) ** 2)
    assert made.agreement == pytest.approx(agreement / total, abs=1e-5)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_chances_of_matches_are_those_counted_out(chances: list[float]) -> None:
    counted = [0.0] * (len(chances) + 1)
    for outcome in product((False, True), repeat=len(chances)):
        counted[sum(outcome)] += math.prod(
            chance if happens else 1 - chance for chance, happens in zip(chances, outcome, strict=True)
        )
    assert reliability.matches(chances) == pytest.approx(counted, abs=1e-12)


ROWS = st.lists(
    st.lists(st.sampled_from(["0", "0.25", "0.3333", "1"]), min_size=3, max_size=3), min_size=1, max_size=12
)


@given(ROWS, st.randoms())
def test_sums_that_grew_are_sums_made_at_once(rows: list[list[str]], random: object) -> None:
    """In any order, in parts that are merged, and with some counted, taken away and counted again."""
    whole = tally(rows)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = tally(shuffled[::2]), tally(shuffled[1::2])
    for row in rows[:3]:
        first.add(sitting(row))
    for row in rows[:3]:
        first.add(sitting(row), -1)
    assert merged_exams([first.exam, second.exam]) == whole.exam
    for item in range(3):
        parts = [part.items[item] for part in (first, second) if item in part.items]
        assert merged(parts) == whole.items[item]


@given(ROWS)
def test_discrimination_and_alpha_are_those_of_the_definition(rows: list[list[str]]) -> None:
    made, values = tally(rows), [[float(value) for value in row] for row in rows]
    for item in range(3):
        own = [row[item] for row in values]
        rest = [sum(row) - row[item] for row in values]
        expected = pearson(own, rest)
        found = correlation(made.items[item])
        assert (found is None) == (expected is None)
        if found is not None and expected is not None:
            assert found == pytest.approx(expected, abs=1e-6)
    totals = spread([sum(row) for row in values])
    if totals > 1e-9:
        within = sum(spread([row[item] for row in values]) for item in range(3))
        assert reliability.alpha(made.exam, made.items.values()) == pytest.approx(
            1.5 * (1 - within / totals), rel=1e-5, abs=1e-5
        )


def spread(values: list[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1) if len(values) > 1 else 0.0


def pearson(one: list[float], other: list[float]) -> float | None:
    if spread(one) < 1e-12 or spread(other) < 1e-12:
        return None
    a, b = math.fsum(one) / len(one), math.fsum(other) / len(other)
    together = math.fsum((x - a) * (y - b) for x, y in zip(one, other, strict=True)) / (len(one) - 1)
    return together / math.sqrt(spread(one) * spread(other))


def test_the_upper_and_lower_groups_share_ties(lsat6: Tally) -> None:
    """27 percent of ten are 2.7: two of the best three are whole, the next by seven tenths."""
    upper, lower = tails({100: 1, 80: 1, 60: 4, 40: 3, 0: 1})
    assert upper == {100: 1.0, 80: 1.0, 60: pytest.approx(0.7 / 4)}
    assert lower == {0: 1.0, 40: pytest.approx(1.7 / 3)}
    by_hand = 1.0 - (3 * 0 + 20 * lsat6_share(1) + 85 * lsat6_share(2) + 162 * lsat6_share(3)) / 270
    assert upper_lower(lsat6.items[2]) == pytest.approx(by_hand)


def lsat6_share(score: int) -> float:
    """Of those with a score, who got the third item right."""
    rows = [row for row in published.patterns(published.LSAT6) if sum(row) == score]
    return sum(row[2] for row in rows) / len(rows)


def test_small_samples_say_what_they_need() -> None:
    made = tally([[1, 0, 1]] * 3 + [[0, 1, 1]] * 3)
    found = figures(made.items[0])
    assert found.facility.words == "needs 10 answers, has 6"
    assert found.discrimination.words == "needs 30 answers, has 6"
    assert [row.upper for row in found.options] == [None, None]
    exam = exam_figures(made.exam, made.items.values(), 0.7)
    assert (exam.alpha.is_known, exam.consistency.words) == (False, "needs 50 answers, has 6")
    assert figures(ItemSums()).facility.value is None
    assert (total_variance(Tally().exam), reliability.alpha(Tally().exam, [])) == (None, None)


def test_nothing_varies_is_said() -> None:
    made = tally([[1, 0, 1]] * 60)
    found = figures(made.items[0])
    assert (found.discrimination.words, found.upper_lower.words) == ("nothing varies", "groups cannot be told apart")
    exam = exam_figures(made.exam, made.items.values(), 0.7)
    assert (exam.alpha.words, exam.kappa.words) == ("nothing varies", "nothing varies")


def test_an_exam_that_measures_nothing_has_no_consistency() -> None:
    made = tally([[1, 0]] * 30 + [[0, 1]] * 30 + [[1, 1], [0, 0]])
    exam = exam_figures(made.exam, made.items.values(), 0.5)
    assert (exam.alpha.value or 0) < 0
    assert exam.consistency.words == "the exam does not measure one thing"


def test_consistency_of_an_exam(lsat6: Tally) -> None:
    exam = exam_figures(lsat6.exam, lsat6.items.values(), 0.8)
    assert 0.5 < (exam.consistency.value or 0) < 1
    assert 0 < (exam.kappa.value or 0) < 1
    assert 0.5 <= (exam.at_cut.value or 0) < (exam.consistency.value or 0) + 0.2
    assert exam.error.value == pytest.approx(
        100 * math.sqrt((total_variance(lsat6.exam) or 0) * (1 - 0.2950)), abs=0.01
    )
    assert reliability.consistency(lsat6.exam, 1.0, 0.8) is None


def test_true_scores_that_no_beta_has() -> None:
    """Half know all and half nothing: more spread than a distribution between 0 and 1 can have."""
    made = tally([[1, 1]] * 2 + [[0, 0]] * 2)
    assert reliability.consistency(made.exam, 0.99, 0.5) is None


def test_what_an_answer_counts_as() -> None:
    one, half, none = Decimal(1), Decimal("0.5"), Decimal(0)
    assert chosen("choice", None, none, one) == (OMITTED,)
    assert chosen("choice", "a", none, one) == ("a",)
    assert chosen("choices", ["a", "c"], half, one) == ("a", "c")
    assert chosen("choices", [], none, one) == (OMITTED,)
    assert [chosen("numeric", "7", points, one) for points in (one, half, none)] == [
        ("+right",),
        ("+partly",),
        ("+wrong",),
    ]


def test_time_on_an_item_runs_from_the_save_before() -> None:
    def saved(item: int, seconds: float | None) -> Scored:
        at = None if seconds is None else AT + timedelta(seconds=seconds)
        return Scored(item=item, type="choice", answer="a", points=Decimal(1), max_points=Decimal(1), saved_at=at)

    answers = [saved(1, 90), saved(2, 30), saved(3, None), saved(4, 90 + 4000), saved(5, 90 + 4000)]
    assert seconds_on_items(AT, answers) == {2: 30.0, 1: 60.0}
    assert seconds_on_items(None, answers) == {1: 60.0}
    made = Tally()
    for _ in range(12):
        made.add(Sitting(started_at=AT, is_passed=True, answers=answers[:2]))
    assert figures(made.items[1]).seconds.value == pytest.approx(60.0, rel=1e-6)


def test_a_score_distribution_has_steps() -> None:
    steps = dict(reliability.distribution({0: 1, 4: 1, 5: 2, 99: 1, 100: 3}))
    assert (len(steps), steps[0], steps[5], steps[95]) == (20, 2, 2, 4)


def test_items_on_trial_are_judged_and_do_not_count() -> None:
    answers = list(sitting([1, 0]).answers)
    pilot = Scored(item=9, type="choice", answer="a", points=Decimal(1), max_points=Decimal(1), is_pilot=True)
    made = Tally()
    made.add(Sitting(started_at=None, is_passed=True, answers=[*answers, pilot]))
    assert (made.exam.items, made.items[9].w, made.items[9].r) == (2, 0, SHARE // 2)


# --- Similarity ---


def everyday(count: int = 200) -> tuple[dict[int, ItemSums], dict[int, str]]:
    """Sums of 20 items with four options, answered independently: "a" is right, more often by the able."""
    made, options = Tally(), "abcd"
    for number in range(count):
        able = number % 5 + 1
        picks = [
            "a" if (number * 7 + item * 13 + number // 5) % 7 < able else options[1 + (number + item) % 3]
            for item in range(20)
        ]
        made.add(sitting([int(pick == "a") for pick in picks], picks))
    return made.items, dict.fromkeys(range(20), "a")


def test_two_who_share_wrong_answers_are_told_and_others_are_not() -> None:
    items, keys = everyday()
    twin = {item: "a" if item % 2 else "bcd"[item % 3] for item in range(20)}
    other = {item: "a" if item % 3 else "bcd"[(item + 1) % 3] for item in range(20)}
    sheets = [Sheet(name=name, percent=50, answers=twin) for name in ("Ana", "Ben")]
    found = similar_pairs([*sheets, Sheet(name="Cem", percent=50, answers=other)], items, keys)
    assert [(pair.one, pair.other, pair.common, pair.matched, pair.wrong) for pair in found] == [
        ("Ana", "Ben", 20, 20, 10)
    ]
    assert found[0].bound == pytest.approx(found[0].chance * 3)
    assert found[0].expected < 12


def test_two_who_know_everything_are_no_pair() -> None:
    """All who have every point answer alike: nothing is rare about it."""
    items, keys = everyday()
    best = dict.fromkeys(range(20), "a")
    knowing = Tally()
    for _ in range(60):
        knowing.add(sitting([1] * 20, ["a"] * 20))
    together = {item: merged([items[item], knowing.items[item]]) for item in items}
    sheets = [Sheet(name=name, percent=100, answers=best) for name in "xy"]
    assert similar_pairs(sheets, together, keys) == []


def test_too_few_items_or_answers_say_nothing() -> None:
    items, keys = everyday()
    few = dict.fromkeys(range(9), "b")
    assert similar_pairs([Sheet(name=name, percent=50, answers=few) for name in "xy"], items, keys) == []
    young, _ = everyday(estimates.SIMILARITY - 1)
    many = dict.fromkeys(range(20), "b")
    assert similar_pairs([Sheet(name=name, percent=50, answers=many) for name in "xy"], young, keys) == []


def test_the_chance_of_a_match_by_hand() -> None:
    """Van der Linden and Sotaridona (2006), formula 1: the sum over the options of both chances."""
    assert match_chance({"a": 0.5, "b": 0.3, "c": 0.2}, {"a": 0.2, "b": 0.6}) == pytest.approx(0.28)


def test_options_nobody_near_chose_keep_a_chance() -> None:
    sums = ItemSums(n=10, options={"a": {50: 8}, "b": {90: 2}, OMITTED: {50: 1}})
    assert option_chances(sums, 50) == {"a": pytest.approx(8.5 / 9), "b": pytest.approx(0.5 / 9)}


# --- Angoff ---


def test_an_angoff_cut_by_hand() -> None:
    """Three judges, two items: means 65, 75 and 85, so 75 with an error of 10 over the root of three."""
    rows = {"Ana": (60, 70), "Ben": (70, 80), "Cem": (80, 90)}
    ratings = [
        angoff.Rating(judge=judge, item=str(item), percent=value)
        for judge, values in rows.items()
        for item, value in enumerate(values)
    ]
    made = angoff.cut(ratings)
    assert (made.percent, made.spread, made.is_enough) == (75.0, 10.0, False)
    assert made.error == pytest.approx(10 / math.sqrt(3))
    assert (made.by_judge, made.by_item) == ({"Ana": 65, "Ben": 75, "Cem": 85}, {"0": 70, "1": 80})
    heavy = [
        angoff.Rating(judge="Ana", item="0", percent=60, weight=3),
        angoff.Rating(judge="Ana", item="1", percent=80),
    ]
    lonely = angoff.cut(heavy)
    assert (lonely.percent, lonely.error) == (65.0, None)
    assert angoff.cut(ratings[:3]).missing == (("Ben", "1"),)
    with pytest.raises(ValueError, match="no ratings"):
        angoff.cut([])
