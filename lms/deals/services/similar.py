"""Registrations that may be of the same customer. What is told of another's deal is that there is one: never whose,
of whom, or how large.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db import connection, transaction
from django.db.models import QuerySet
from rapidfuzz import fuzz, process

from lms.deals import matching
from lms.deals.models import Deal, VendorAccount
from lms.partners.models import Partner

# Trigram similarity from which PostgreSQL takes two keys for alike (its own default is 0.3), and the score of
# RapidFuzz that stands for it on SQLite. Chosen with the pairs in tests/deals/test_similar.py.
ALIKE = 0.5
ALIKE_SCORE = 84
SHORTEST = 3


class Likeness(StrEnum):
    NONE = "none"
    ALIKE = "alike"
    SAME = "same"


@dataclass(frozen=True, kw_only=True)
class Similar:
    """`own` are the partner's own open deals, to be shown; `likeness` says what there is of others, without a word
    more."""

    likeness: Likeness
    own: tuple[Deal, ...]


def find_similar(*, partner: Partner, name: str, domain: str, country: str, product: str = "") -> Similar:
    """What is registered already for a customer like this. With a product, "same" is what would be in conflict.

    Three queries at most on PostgreSQL; on SQLite the keys of the country's open registrations are compared in memory.
    """
    name_key, domain_key = matching.name_key(name), matching.domain_key(domain)
    if len(name_key) < SHORTEST and not domain_key:
        return Similar(likeness=Likeness.NONE, own=())
    keys = {"name_key": name_key, "domain_key": domain_key, "country": country}
    own = Deal.objects.open().filter(partner=partner).of_customer(**keys).select_related("rules")
    others = Deal.objects.holding().exclude(partner=partner)
    conflicts = others.of_customer(**keys)
    if product:
        conflicts = conflicts.filter(product=product)
    if conflicts.exists() or VendorAccount.objects.of_customer(**keys).exclude(relation="lost").exists():
        likeness = Likeness.SAME
    elif len(name_key) >= SHORTEST and _is_alike(others.filter(customer_country=country), name_key):
        likeness = Likeness.ALIKE
    else:
        likeness = Likeness.NONE
    return Similar(likeness=likeness, own=tuple(own.order_by("-registered_at")[:3]))


def _is_alike(deals: QuerySet[Deal], key: str) -> bool:
    if connection.vendor == "postgresql":
        return _is_near_by_trigrams(deals, key)
    keys = deals.values_list("name_key", flat=True)
    return process.extractOne(key, keys, scorer=fuzz.token_sort_ratio, score_cutoff=ALIKE_SCORE) is not None


@transaction.atomic
def _is_near_by_trigrams(deals: QuerySet[Deal], key: str) -> bool:
    """The index itself answers with what is alike: pg_trgm's own threshold is set to ours for the transaction. With a
    second condition on the similarity, or a limit of one row, the planner hopes to find one soon and reads the table
    instead: five seconds among a million.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(ALIKE)])
    return deals.filter(name_key__trigram_similar=key).count() > 0
