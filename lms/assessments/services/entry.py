"""Who may come in, from where, and with what: networks, Safe Exam Browser, access code, honour code."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest

from django.db.models import Count

from lms.accounts.models import User
from lms.assessments.errors import MustAgree, NotSafeBrowser, OutsideNetwork, TooManyCodes, WrongAccessCode
from lms.assessments.models import AccessCodeFailure, Assessment
from lms.assessments.models.settings import words_of

CODE_TRIES = 5
CODE_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What a request tells of its place and browser. `network` as network_of gives it, `agent` a digest of its name.

    `url` is the address asked for, without fragment; the hashes are what Safe Exam Browser sent for it. `is_proved`:
    it proved itself before in this session, by the way of its JavaScript interface.
    """

    network: str = ""
    agent: str = ""
    url: str = ""
    config_hash: str = ""
    exam_hash: str = ""
    is_proved: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a candidate brings to the start of an exam."""

    access_code: str = ""
    has_agreed: bool = False
    visit: Visit = field(default_factory=Visit)


def check_place(assessment: Assessment, visit: Visit) -> None:
    """Raises OutsideNetwork and NotSafeBrowser. Asks the exam as it stands now, on every page and every save."""
    if not assessment.lets_in(visit.network):
        raise OutsideNetwork(
            "This exam is sat from certain rooms only, and your connection is none of theirs. "
            "What you saved is kept. Ask who invited you to the exam."
        )
    if assessment.needs_safe_browser and not (visit.is_proved or is_safe_browser(assessment, visit)):
        raise NotSafeBrowser(
            "This exam is sat in Safe Exam Browser, opened by the exam's own settings file. "
            "What you saved is kept. Open it there, or ask who invited you to the exam."
        )


def is_safe_browser(assessment: Assessment, visit: Visit) -> bool:
    """Whether the hashes that Safe Exam Browser sent are those of this exam's keys for this address.

    Config key: SHA-256, in hexadecimal, over the address and the config key; browser exam key: the same over the
    address and that key (safeexambrowser.org, developer documentation, "Config Key" and "Browser Exam Key"). Where an
    exam names keys of both kinds, one of each must fit.
    """
    wanted = ((assessment.seb_config_keys, visit.config_hash), (assessment.seb_exam_keys, visit.exam_hash))
    return all(_fits(words_of(keys), visit.url, given) for keys, given in wanted if keys)


def _fits(keys: list[str], url: str, given: str) -> bool:
    sent = given.strip().lower().encode("utf-8", "replace")
    fits = [compare_digest(hashlib.sha256(f"{url}{key.lower()}".encode()).hexdigest().encode(), sent) for key in keys]
    return any(fits)


def keys_digest(assessment: Assessment) -> str:
    """Names the keys of an exam: what was proved for one set of keys does not hold for another."""
    text = f"{assessment.public_id}|{assessment.seb_config_keys}|{assessment.seb_exam_keys}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def check_entry(assessment: Assessment, person: User, entry: Entry, at: datetime) -> None:
    """Raises what check_place raises, and MustAgree, TooManyCodes, WrongAccessCode.

    The access code is compared in constant time. Each try is written down before it is compared, so tries at the same
    moment are counted too; five wrong ones in a quarter of an hour are the limit for a person and an exam.
    """
    check_place(assessment, entry.visit)
    if assessment.honour_code and not entry.has_agreed:
        raise MustAgree("Read the honour code and agree to it first. Nothing was started.")
    if assessment.access_code_sealed:
        _check_code(assessment, person, entry.access_code, at)


def _check_code(assessment: Assessment, person: User, given: str, at: datetime) -> None:
    tries = AccessCodeFailure.objects.filter(assessment=assessment, person=person)
    tries.filter(failed_at__lte=at - CODE_WINDOW).delete()
    AccessCodeFailure.objects.create(assessment=assessment, person=person, failed_at=at)
    count: int = tries.aggregate(count=Count("pk"))["count"]
    if count > CODE_TRIES:
        raise TooManyCodes("Too many wrong codes. Wait a quarter of an hour, then try again. No attempt was used.")
    if not compare_digest(_plain(given), _plain(assessment.access_code)):
        raise WrongAccessCode("This is not the code of this exam. Nothing was started, no attempt was used.")
    tries.delete()


def _plain(code: str) -> bytes:
    return "".join(code.split()).casefold().encode("utf-8", "replace")
