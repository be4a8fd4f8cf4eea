"""Deals as rows of a file, in constant memory, and their forecast; lms.common.exports makes the file."""

from collections.abc import Iterator

from django.db.models import QuerySet

from lms.deals.models import Deal, DealImport, RowOutcome
from lms.deals.money import plain
from lms.deals.services import Forecast

HEADINGS = (
    "id",
    "partner",
    "customer",
    "domain",
    "country",
    "product",
    "value",
    "currency",
    "close_month",
    "need",
    "next_step",
    "state",
    "registered_at",
    "registered_by",
    "origin",
    "protected_until",
    "clause",
)
CHUNK = 500


def rows(deals: QuerySet[Deal]) -> Iterator[list[str]]:
    """A row per deal, newest first, all text. Decimals with a point, days as ISO 8601."""
    yield list(HEADINGS)
    wanted = deals.select_related("partner", "registered_by").order_by("-registered_at", "-pk")
    for deal in wanted.iterator(chunk_size=CHUNK):
        cells = (
            deal.public_id,
            deal.partner.name,
            deal.customer_name,
            deal.customer_domain,
            deal.customer_country,
            deal.product,
            plain(deal.value, deal.currency),
            deal.currency,
            f"{deal.close_month:%Y-%m}",
            deal.need,
            deal.next_step,
            deal.state,
            deal.registered_at.isoformat(),
            deal.registered_by.name,
            deal.origin,
            deal.protected_until or "",
            deal.clause,
        )
        yield [str(cell) for cell in cells]


def left_out(deal_import: DealImport) -> Iterator[list[str]]:
    """The rows of a file that became no deal, as they were uploaded, after their row number and the reason."""
    yield ["row", "why", *deal_import.headings]
    rows = deal_import.rows.filter(outcome__in=(RowOutcome.REFUSED, RowOutcome.DUPLICATE)).order_by("number")
    for row in rows.iterator(chunk_size=CHUNK):
        yield [str(row.line), row.message, *row.cells]


FORECAST_HEADINGS = ("partner", "month", "is_overdue", "currency", "deals", "value", "approved_value", "weighted_value")


def forecast_rows(forecast: Forecast) -> Iterator[list[str]]:
    """A row per partner, month and currency, all text; the page shows sums of these rows."""
    yield list(FORECAST_HEADINGS)
    for line in forecast.lines:
        one = line.expected
        amounts = (plain(amount, one.currency) for amount in (one.value, one.approved, one.weighted))
        is_overdue = "yes" if line.is_overdue else "no"
        yield [line.partner, f"{line.month:%Y-%m}", is_overdue, one.currency, str(one.count), *amounts]
