"""Neutral credit of the vendor's own sellers: promised by the rules, marked on a deal, read by the partner."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import AuditEntry
from lms.deals import services
from lms.deals.models import Deal
from tests.deals.factories import channel_manager, house, register, rules
from tests.deals.test_pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def test_the_partner_reads_that_our_seller_is_credited_neutrally() -> None:
    now, efua = timezone.now(), channel_manager()
    rules(neutral_credit="Nobody loses by bringing you in.")
    rep = house()
    deal = register(rep, now)
    assert "Nobody loses" in text_of(rep.person, "deals:engagement")
    assert "credited neutrally" not in text_of(rep.person, "deals:deal", deal.public_id)
    address, browser = reverse("deals:neutral_credit", args=[deal.public_id]), signed_in(efua)
    for _ in range(2):
        browser.post(address, {"neutral": "yes"})
    page = text_of(rep.person, "deals:deal", deal.public_id)
    for words in ("is credited neutrally", "Nobody loses", "Efua"):
        assert words in page
    assert signed_in(rep.person).post(address, {"neutral": "no"}).status_code == 403
    browser.post(address, {"neutral": "no"})
    assert "credited neutrally" not in text_of(rep.person, "deals:deal", deal.public_id)
    assert AuditEntry.objects.filter(action="deals.credit_neutrally").count() == 2


def test_nobody_marks_it_against_the_rules_or_for_himself() -> None:
    now, efua, seller = timezone.now(), channel_manager(), channel_manager("Seller")
    rep = house()
    deal = register(rep, now)
    with pytest.raises(services.NoPolicy):
        services.credit_neutrally(deal=deal, is_neutral=True, by=efua, at=now)
    with pytest.raises(services.NotYourMove):
        services.credit_neutrally(deal=deal, is_neutral=True, by=rep.person, at=now)
    services.name_seller(deal=deal, seller=seller, by=efua, at=now)
    deal.refresh_from_db()
    with pytest.raises(services.OwnInterest):
        services.credit_neutrally(deal=deal, is_neutral=True, by=seller, at=now)
    told = signed_in(efua).post(reverse("deals:neutral_credit", args=[deal.public_id]), {"neutral": "yes"}, follow=True)
    assert "promises no neutral credit" in told.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        Deal.objects.filter(pk=deal.pk).update(neutral_credit_at=now)
