"""A candidate of the demo sits an exam: starts, saves an answer per item, hands in."""

from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from lms.assessments.items.choice import ChoiceKey, TrueFalseKey
from lms.assessments.items.matching import MatchingKey
from lms.assessments.items.numeric import NumericKey
from lms.assessments.items.ordering import OrderingKey
from lms.assessments.items.short_answer import ShortAnswerKey
from lms.assessments.models import Assessment, Attempt, Response
from lms.assessments.services import Told, save_response, start_attempt, submit_attempt, tell_events
from lms.partners.models import Membership


def sit_exam(*, assessment: Assessment, membership: Membership, skill: float, rng: Random, at: datetime) -> bool:
    """Sits the exam with `skill` as the chance of a right answer to each item. Returns whether it was passed."""
    attempt = start_attempt(assessment=assessment, person=membership.person, membership=membership, at=at, rng=rng)
    responses = list(attempt.responses.select_related("item_version").order_by("position"))
    share = assessment.time_limit_minutes * rng.uniform(0.4, 0.8) / len(responses)
    for response in responses:
        at += timedelta(minutes=share * rng.uniform(0.5, 1.2))
        answer = answer_of(response, rng, is_right=rng.random() < skill)
        save_response(
            attempt=attempt,
            position=response.position,
            answer=answer,
            version=1,
            nonce=UUID(int=rng.getrandbits(128), version=4),
            at=min(at, attempt.deadline_at),
        )
    _look_away(attempt, at)
    return bool(submit_attempt(attempt=attempt, at=min(at + timedelta(minutes=1), attempt.deadline_at)).is_passed)


def _look_away(attempt: Attempt, at: datetime) -> None:
    """One in six leaves the page for a while, so that timelines have something to show."""
    rng = Random(f"laurel:looks away:{attempt.person.email}:{attempt.number}")  # noqa: S311  not a secret
    if rng.random() < 1 / 6:
        told = [Told(kind="focus_lost", item=2), Told(kind="focus_back", item=2, seconds=rng.randint(3, 90))]
        tell_events(attempt=attempt, told=told, at=min(at, attempt.deadline_at))


def answer_of(response: Response, rng: Random, *, is_right: bool) -> Any:
    """What the candidate's form sends, in the tokens he was shown: the key, or something plausible beside it."""
    key, shown = response.item_version.loaded_key, response.loaded_shown
    tokens = {name: token for token, name in shown.tokens.items()}
    match key:
        case ChoiceKey():
            right = [name for name, weight in key.weights.items() if weight > 0]
            wrong = [name for name in key.weights if name not in right]
            if response.item_version.type == "choices":
                chosen = right if is_right else [*right[1:], rng.choice(wrong)] if wrong else right[1:]
                return [tokens[name] for name in chosen]
            best = max(key.weights, key=lambda name: key.weights[name])
            return tokens[best if is_right or not wrong else rng.choice(wrong)]
        case TrueFalseKey():
            return tokens["true" if key.answer is is_right else "false"]
        case MatchingKey():
            options = list(key.pairs.values())
            if not is_right:
                options = options[1:] + options[:1]
            return {tokens[prompt]: tokens[option] for prompt, option in zip(key.pairs, options, strict=True)}
        case OrderingKey():
            sequence = list(key.sequence)
            if not is_right:
                sequence[0], sequence[-1] = sequence[-1], sequence[0]
            return [tokens[name] for name in sequence]
        case NumericKey():
            best_interval = max(key.answers, key=lambda one: one.weight)
            return format(best_interval.low if is_right else best_interval.high * 3 + 7, "f")
        case ShortAnswerKey():
            return max(key.answers, key=lambda one: one.weight).pattern.replace("*", "") if is_right else "not sure"
    return None
