"""The library as one person finds it: by words, need, kind, persona, language and product. Reads only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, QuerySet
from wagtail.search.backends import get_search_backend

from courses.models import Need
from lms.assets.models import Asset, Kind, ProductVersion
from lms.common.guards import clean_search_query
from lms.partners.models import Persona

if TYPE_CHECKING:
    from lms.accounts.models import User

LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese"}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What was asked for. Unknown words mean no filter, never an error."""

    q: str = ""
    need: str = ""
    kind: str = ""
    language: str = ""
    persona: Persona | None = None
    product: ProductVersion | None = None


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """What answers one need."""

    need: str
    label: str
    assets: list[Asset]


@dataclass(frozen=True, kw_only=True)
class Found:
    """`assets` can be had today, best hit first; `closed` could with a benefit that the partner's tier does not give;
    `coming` cannot, and say what comes."""

    assets: list[Asset]
    closed: list[Asset]
    coming: list[Asset]

    @property
    def shelves(self) -> list[Shelf]:
        """By what the partner wants, in the order of needs."""
        shelves = [
            Shelf(need=need, label=str(Need(need).label), assets=[one for one in self.assets if one.need == need])
            for need in (Need.CLOSE_A_DEAL, Need.IMPLEMENT_THE_PRODUCT, Need.GET_CERTIFIED)
        ]
        return [shelf for shelf in shelves if shelf.assets]


def find(user: "User", filters: Filters, on: date, *, at: datetime) -> Found:
    """What the person may see, in the order of titles or of the search's ranking. Query count is constant."""
    assets = _filtered(Asset.objects.visible_to(user).filter(retired_at=None), filters)
    rows = _ranked(assets.select_related("current", "minimum_tier"), filters.q)
    is_open = Exists(Asset.objects.open_to(user, at).filter(pk=OuterRef("pk")))
    available = Asset.objects.available(on).filter(pk__in=[one.pk for one in rows]).annotate(is_open=is_open)
    is_had = dict(available.values_list("pk", "is_open"))
    return Found(
        assets=[one for one in rows if is_had.get(one.pk)],
        closed=[one for one in rows if is_had.get(one.pk) is False],
        coming=[one for one in rows if one.pk not in is_had],
    )


def _filtered(assets: QuerySet[Asset], filters: Filters) -> QuerySet[Asset]:
    plain = {"need": filters.need, "kind": filters.kind, "language": filters.language}
    assets = assets.filter(**{name: value for name, value in plain.items() if value})
    if filters.product is not None:
        assets = assets.filter(products=filters.product)
    if filters.persona is not None:
        assets = assets.filter(pk__in=Asset.objects.for_persona(filters.persona).values("pk"))
    return assets


def _ranked(assets: QuerySet[Asset], words: str) -> list[Asset]:
    if not words:
        return list(assets.order_by("title", "pk"))
    query = clean_search_query(words)
    found = {one.pk: one for one in assets} if query else {}
    return [found[pk] for pk in _hits(query, found)] if found else []


def _hits(query: str, among: Collection[int]) -> list[int]:
    """Ids of those of `among` that hold every word, best first; for a word not finished, whose title goes on so.

    What is not among them changes nothing: neither whether titles are completed nor how many are found.
    """
    backend, kept = get_search_backend(), Asset.objects.filter(retired_at=None)
    for search in (backend.search, backend.autocomplete):
        hits = [one.pk for one in search(query, kept, operator="and") if one.pk in among]
        if hits:
            return hits
    return []


def choices(user: "User") -> dict[str, list[tuple[str, str]]]:
    """The kinds, languages and products that the person's assets have: nothing else is worth a filter."""
    mine = Asset.objects.visible_to(user).filter(retired_at=None)
    pairs = list(mine.values_list("kind", "language").distinct())
    kinds, languages = {kind for kind, _ in pairs}, {language for _, language in pairs}
    products = ProductVersion.objects.filter(assets__in=mine).distinct().order_by("position", "pk")
    return {
        "kind": [(value, str(label)) for value, label in Kind.choices if value in kinds],
        "language": sorted(((one, LANGUAGES.get(one, one)) for one in languages), key=lambda pair: pair[1]),
        "product": [(one.slug, one.name) for one in products],
    }
