"""Comparing customers with a partner: asked by it, agreed to by the vendor, forgotten when either takes it back."""

import hmac
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.common.sealing import seal, unseal
from lms.deals import matching
from lms.deals.errors import BadOverlap, NotYourMove, OverlapAgreed, OverlapEnded, TooManyOverlaps
from lms.deals.models import OverlapComparison, OverlapHash, OverlapMatch, VendorAccount
from lms.partners.models import Partner

# A list of a few domains is a question about each of them; a long one, asked often, is a search of the vendor's list.
FEWEST_DOMAINS = 20
MOST_DOMAINS = 2_000
MOST_A_YEAR = 3
LONGEST = timedelta(days=180)
MAX_PURPOSE = 300
_YEAR = timedelta(days=365)
_SEAL = "deals.overlap"
_BATCH = 500


def _digest(key: str, domain: str) -> str:
    return hmac.new(bytes.fromhex(key), domain.encode(), "sha256").hexdigest()


@transaction.atomic
def ask_overlap(
    *, partner: Partner, domains: Iterable[str], purpose: str, ends_on: date, by: User, at: datetime
) -> OverlapComparison:
    """Keeps hashes of the partner's domains until the vendor agrees or declines. Addresses and duplicates are reduced
    to registered domains; what is no company's domain is left out.

    The same question with the same list again, while it waits, returns it. Raises NotYourMove, TooManyOverlaps,
    BadOverlap naming the field, UnsafeInput. Locks the partner; a constraint keeps one open comparison per partner.
    """
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=partner.pk)
    if partner.suspended_at is not None or not by.has_perm("deals.ask_overlap", partner):
        raise NotYourMove("A manager of the partner asks for a comparison. Nothing was kept.")
    found = sorted({key for key in map(matching.domain_key, domains) if key})
    purpose = guards.clean_name(purpose)
    _check(found, purpose, ends_on, at.date())
    _end_past(OverlapComparison.objects.filter(partner=partner, ended_at=None, ends_on__lt=at.date()), at)
    waiting = OverlapComparison.objects.filter(partner=partner, ended_at=None).first()
    if waiting is not None:
        is_same = (waiting.asked_by_id, waiting.purpose, waiting.ends_on) == (by.pk, purpose, ends_on)
        if is_same and waiting.agreed_at is None and _holds(waiting, found):
            return waiting
        raise TooManyOverlaps("One comparison at a time. Take the other one back first; nothing was kept.")
    if OverlapComparison.objects.filter(partner=partner, asked_at__gt=at - _YEAR).count() >= MOST_A_YEAR:
        raise TooManyOverlaps(f"{MOST_A_YEAR} comparisons in twelve months are the most. Nothing was kept.")
    key = secrets.token_hex(32)
    made = OverlapComparison.objects.create(
        partner=partner,
        purpose=purpose,
        ends_on=ends_on,
        size=len(found),
        sealed_key=seal(key, purpose=_SEAL),
        asked_at=at,
        asked_by=by,
    )
    hashes = (OverlapHash(comparison=made, digest=_digest(key, domain)) for domain in found)
    OverlapHash.objects.bulk_create(hashes, batch_size=_BATCH)
    _audit("ask_overlap", made, by, at, size=made.size, ends_on=ends_on.isoformat())
    return made


def _holds(waiting: OverlapComparison, domains: list[str]) -> bool:
    """Whether these are the domains whose hashes wait."""
    key = unseal(waiting.sealed_key, purpose=_SEAL)
    return {_digest(key, domain) for domain in domains} == set(waiting.hashes.values_list("digest", flat=True))


def _check(domains: list[str], purpose: str, ends_on: date, on: date) -> None:
    if not FEWEST_DOMAINS <= len(domains) <= MOST_DOMAINS:
        raise BadOverlap(
            "text",
            f"The list has {len(domains)} different company domains; between {FEWEST_DOMAINS} and {MOST_DOMAINS:,} "
            "are compared.",
        )
    if not purpose or len(purpose) > MAX_PURPOSE:
        raise BadOverlap("purpose", f"Say what for, in at most {MAX_PURPOSE} characters.")
    if not on < ends_on <= on + LONGEST:
        raise BadOverlap("ends_on", f"Choose a day after today, within {LONGEST.days} days.")


@transaction.atomic
def agree_overlap(*, comparison: OverlapComparison, by: User, at: datetime) -> OverlapComparison:
    """The vendor agrees: both sides see the domains that stand in both lists today, and every hash is deleted.

    Lost customers are not compared. Twice changes nothing. Raises NotYourMove, OverlapEnded. Locks the comparison.
    """
    if not by.has_perm("deals.agree_overlap", comparison.partner):
        raise NotYourMove("A channel manager who is not of the partner agrees to a comparison. Nothing was compared.")
    row = _locked(comparison)
    if row.partner.suspended_at is not None:
        raise OverlapEnded(f"{row.partner.name} is suspended. Nothing was compared; the question waits.")
    if not row.is_open(at.date()):
        raise OverlapEnded("This comparison is over. Nothing was compared.")
    if row.agreed_at is not None:
        return row
    key = unseal(row.sealed_key, purpose=_SEAL)
    theirs = set(row.hashes.values_list("digest", flat=True))
    ours = VendorAccount.objects.exclude(domain_key="").exclude(relation=VendorAccount.Relation.LOST)
    domains = ours.values_list("domain_key", flat=True).distinct().order_by("domain_key")
    both = [one for one in domains.iterator() if _digest(key, one) in theirs]
    OverlapMatch.objects.bulk_create((OverlapMatch(comparison=row, domain=one) for one in both), batch_size=_BATCH)
    row.hashes.all().delete()
    row.agreed_at, row.agreed_by, row.sealed_key = at, by, ""
    row.save(update_fields=["agreed_at", "agreed_by", "sealed_key"])
    _audit("agree_overlap", row, by, at)
    return row


@transaction.atomic
def decline_overlap(*, comparison: OverlapComparison, by: User, at: datetime) -> OverlapComparison:
    """The vendor says no to a question that waits: hashes and key are deleted at once.

    Twice changes nothing. Raises NotYourMove, OverlapAgreed when a colleague has agreed meanwhile: what both see is
    taken back on purpose only. Locks the comparison.
    """
    if not by.has_perm("deals.agree_overlap", comparison.partner):
        raise NotYourMove("A channel manager who is not of the partner declines. Nothing was changed.")
    row = _locked(comparison)
    if row.ended_at is None and row.agreed_at is not None:
        raise OverlapAgreed("It was agreed to meanwhile. Nothing was changed; you can take it back.")
    return _ended(row, OverlapComparison.Ending.DECLINED, by, at)


@transaction.atomic
def end_overlap(*, comparison: OverlapComparison, by: User, at: datetime) -> OverlapComparison:
    """Either side takes its consent back: hashes, domains and key are deleted at once.

    Twice changes nothing. Raises NotYourMove. Locks the comparison.
    """
    if not any(by.has_perm(f"deals.{name}_overlap", comparison.partner) for name in ("agree", "ask")):
        raise NotYourMove("A manager of the partner or a channel manager ends a comparison. Nothing was changed.")
    return _ended(_locked(comparison), OverlapComparison.Ending.WITHDRAWN, by, at)


def _ended(row: OverlapComparison, ending: str, by: User, at: datetime) -> OverlapComparison:
    if row.ended_at is None:
        _forget(row, ending, by, at)
        _audit("end_overlap", row, by, at, ending=ending)
    return row


def _locked(comparison: OverlapComparison) -> OverlapComparison:
    rows = OverlapComparison.objects.select_related("partner").select_for_update(of=("self",))
    return rows.get(pk=comparison.pk)


def _forget(row: OverlapComparison, ending: str, by: User | None, at: datetime) -> None:
    row.hashes.all().delete()
    row.matches.all().delete()
    row.ended_at, row.ended_by, row.ending, row.sealed_key = max(at, row.asked_at), by, ending, ""
    row.save(update_fields=["ended_at", "ended_by", "ending", "sealed_key"])


@transaction.atomic
def expire_overlaps(*, at: datetime) -> int:
    """Forgets comparisons whose last day (UTC) is over. Returns how many. Pages show nothing of them before that."""
    return _end_past(OverlapComparison.objects.filter(ended_at=None, ends_on__lt=at.date()), at)


def _end_past(rows: Iterable[OverlapComparison], at: datetime) -> int:
    past = [row for row in map(_locked, rows) if row.ended_at is None]
    for row in past:
        _forget(row, OverlapComparison.Ending.OVER, None, at)
        _audit("end_overlap", row, None, at, ending=row.ending)
    return len(past)


def _audit(action: str, row: OverlapComparison, by: User | None, at: datetime, **detail: object) -> None:
    record_audit(action=f"deals.{action}", actor=by, at=at, target=row, partner_id=row.partner.public_id, detail=detail)
