"""The exam attempt as a written state machine, played by hypothesis against a model.

The model knows what a fair exam is: the newest version of an answer counts, nothing after the deadline does, an attempt
is scored once, one attempt is open at a time.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID, uuid4

from django.db import transaction
from django.test import TestCase
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lms.assessments import services
from lms.assessments.errors import AlreadyPassed, AttemptOver, MustWait, NewerAnswer, NoAttemptLeft
from lms.assessments.models import Attempt
from lms.xapi.models import Statement
from tests.assessments.factories import make_exam, token
from tests.factories import MembershipFactory

START = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
LIMIT, WAIT = timedelta(minutes=60), timedelta(hours=24)
POINTS = {"Right": Decimal(1), "Half": Decimal("0.5"), "Wrong": Decimal(0), None: Decimal(0)}
positions = st.integers(1, 4)
texts = st.sampled_from(["Right", "Half", "Wrong", None])


class ExamMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.game = transaction.atomic()
        self.game.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.game.__exit__(None, None, None)

    @initialize()
    def an_exam(self) -> None:
        self.member = MembershipFactory()
        self.exam = make_exam(attempts_allowed=2, wait_hours=24, cut_score=Decimal(70))
        self.now = START
        self.attempt: Attempt | None = None
        self.finished: list[tuple[datetime, Decimal, bool]] = []
        self.forget()

    def forget(self) -> None:
        self.answers: dict[int, str | None] = {}
        self.versions: dict[int, int] = {}
        self.last: dict[int, tuple[int, UUID, str | None]] = {}
        self.flags: set[int] = set()

    # --- the model ---

    @property
    def is_open(self) -> bool:
        return self.attempt is not None

    @property
    def is_late(self) -> bool:
        return self.attempt is not None and self.now > self.attempt.deadline_at

    def finish(self) -> None:
        assert self.attempt is not None
        points = sum((POINTS[text] for text in self.answers.values()), Decimal(0))
        self.finished.append((min(self.now, self.attempt.deadline_at), points, points * 100 >= 70 * 4))
        self.attempt = None
        self.forget()

    # --- what people and time do ---

    @rule(seed=st.integers(0, 1000))
    def start(self, seed: int) -> None:
        if self.is_late:
            self.finish()  # the service scores it first
        try:
            attempt = services.start_attempt(
                assessment=self.exam,
                person=self.member.person,
                membership=self.member,
                at=self.now,
                rng=Random(seed),
            )
        except AlreadyPassed:
            assert any(passed for _, _, passed in self.finished)
        except NoAttemptLeft:
            assert len(self.finished) == 2
        except MustWait as refusal:
            assert refusal.until == self.finished[-1][0] + WAIT > self.now
        else:
            if self.attempt is None:
                assert len(self.finished) < 2
                assert not any(passed for _, _, passed in self.finished)
                assert not self.finished or self.now >= self.finished[-1][0] + WAIT
            assert self.attempt is None or self.attempt == attempt
            self.attempt = attempt

    @precondition(lambda self: self.is_open)
    @rule(position=positions, text=texts, step=st.integers(1, 3))
    def save(self, position: int, text: str | None, step: int) -> None:
        version = self.versions.get(position, 0) + step
        self.put(position, text, version, uuid4())

    @precondition(lambda self: self.is_open)
    @rule(position=positions, text=texts)
    def save_old(self, position: int, text: str | None) -> None:
        version = self.versions.get(position, 0)
        if version:
            self.put(position, text, version, uuid4())

    @precondition(lambda self: self.is_open)
    @rule(position=positions)
    def replay(self, position: int) -> None:
        if position in self.last:
            version, nonce, text = self.last[position]
            self.put(position, text, version, nonce)

    def put(self, position: int, text: str | None, version: int, nonce: UUID) -> None:
        assert self.attempt is not None
        response = self.attempt.responses.select_related("item_version").get(position=position)
        answer = token(response, text) if text else None
        is_replay = self.last.get(position, (0, None, None))[1] == nonce
        try:
            services.save_response(
                attempt=self.attempt, position=position, answer=answer, version=version, nonce=nonce, at=self.now
            )
        except AttemptOver:
            assert self.is_late
        except NewerAnswer:
            assert version <= self.versions[position]
            assert not is_replay
        else:
            assert not self.is_late
            assert is_replay or version > self.versions.get(position, 0)
            self.answers[position], self.versions[position] = text, version
            self.last[position] = (version, nonce, text)

    @precondition(lambda self: self.is_open)
    @rule(position=positions, is_flagged=st.booleans())
    def flag(self, position: int, is_flagged: bool) -> None:
        assert self.attempt is not None
        try:
            services.flag_response(attempt=self.attempt, position=position, is_flagged=is_flagged, at=self.now)
        except AttemptOver:
            assert self.is_late
        else:
            assert not self.is_late
            (self.flags.add if is_flagged else self.flags.discard)(position)

    @rule(minutes=st.sampled_from([0, 1, 20, 59, 60, 61, 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.is_open)
    @rule(times=st.integers(1, 2))
    def submit(self, times: int) -> None:
        assert self.attempt is not None
        done = [services.submit_attempt(attempt=self.attempt, at=self.now) for _ in range(times)][-1]
        assert (done.submitted_by == "deadline") is self.is_late
        self.finish()

    @rule()
    def sweep(self) -> None:
        assert services.close_overdue(self.now) == int(self.is_late)
        if self.is_late:
            self.finish()

    # --- what always holds ---

    @invariant()
    def results_are_what_the_model_says(self) -> None:
        done = Attempt.objects.filter(person=self.member.person).exclude(submitted_at=None).order_by("number")
        assert [(one.submitted_at, one.points, one.is_passed) for one in done] == self.finished

    @invariant()
    def answers_are_what_the_model_says(self) -> None:
        if self.attempt is None:
            return
        for response in self.attempt.responses.select_related("item_version"):
            chosen = [line.text for line in response.question.options if line.chosen]
            text = self.answers.get(response.position)
            assert chosen == ([text] if text else [])
            assert response.version == self.versions.get(response.position, 0)
            assert response.is_flagged == (response.position in self.flags)

    @invariant()
    def each_fact_has_one_statement(self) -> None:
        bodies = Statement.objects.values_list("body", flat=True)
        started = len(self.finished) + int(self.is_open)
        assert sum("/verbs/attempted" in body for body in bodies) == started
        assert sum("/verbs/passed" in body or "/verbs/failed" in body for body in bodies) == len(self.finished)

    @invariant()
    def attempts_are_never_more_than_allowed(self) -> None:
        left = services.state_for(self.exam, self.member.person, self.now).attempts_left
        assert left == 2 - len(self.finished) - int(self.is_open) >= 0


class TestExamMachine(ExamMachine.TestCase, TestCase):
    """Each game is rolled back at its end."""

    settings = settings(
        max_examples=40,
        stateful_step_count=25,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
