"""Red flags and sponsors on the channel manager's list and a partner's page; who to talk to, by need."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from lms.accounts.models import User
from lms.partners import services
from lms.partners.alignment import Verdict
from lms.partners.sides import Function, Side
from lms.portal.relations import red_rows
from tests.portal.conftest import House, page, signed_in
from tests.portal.test_partner_pages import partner_url

pytestmark = pytest.mark.django_db


def say(house: House, by: User, at: datetime, question: str, verdict: Verdict) -> None:
    services.answer_alignment(
        partner=house.partner, question=question, version=1, verdict=verdict, sentence="They sell direct", by=by, at=at
    )


def sponsor(house: House, at: datetime) -> None:
    services.name_counterpart(
        partner=house.partner,
        side=Side.PARTNER,
        function=Function.EXECUTIVE,
        person=house.rep.person,
        by=house.manager.person,
        at=at,
    )


def test_red_flags_come_first_on_the_list(kestrel: House, merlin: House, channel_manager: User, at: datetime) -> None:
    assert "Red flags" not in page(signed_in(channel_manager), "/partners/")
    sponsor(kestrel, at)
    services.leave_partner(membership=kestrel.rep, by=None, at=at)
    for question in ("goals", "products"):
        say(merlin, merlin.manager.person, at, question, Verdict.MISFIT)
    text = page(signed_in(channel_manager), "/partners/").split("Red flags")[1].split("</section>")[0]
    for words in ("Merlin sees a misfit", "They sell direct", "and 1 more red flag", "No sponsor since", "Ask them to"):
        assert words in text
    assert text.index("Merlin") < text.index("Kestrel")


def test_suspended_partner_raises_none(kestrel: House, channel_manager: User, at: datetime) -> None:
    say(kestrel, kestrel.manager.person, at, "goals", Verdict.MISFIT)
    assert [row.more for row in red_rows([kestrel.partner], at)] == [0]
    partner = services.suspend_partner(partner=kestrel.partner, by=channel_manager, reason="Unpaid", at=at)
    assert red_rows([partner], at) == []
    assert "Red flags" not in page(signed_in(channel_manager), partner_url(kestrel))


def test_partner_page_shows_flags_to_who_looks_after_it(kestrel: House, channel_manager: User, at: datetime) -> None:
    sponsor(kestrel, at - timedelta(days=3))
    say(kestrel, channel_manager, at, "goals", Verdict.MISFIT)
    for person, sees in ((kestrel.manager.person, True), (channel_manager, True), (kestrel.rep.person, False)):
        text = page(signed_in(person), partner_url(kestrel))
        assert ("Halden sees a misfit" in text, "Do we fit together?" in text) == (sees, sees)
        assert ('Rolf Kestrel</bdi></span> <span class="meta">since' in text, "No sponsor yet" in text) == (True, True)


def test_need_leads_to_who_to_talk_to(kestrel: House, channel_manager: User) -> None:
    contacts = reverse("partners:contacts", args=[kestrel.partner.public_id])
    rep = signed_in(kestrel.rep.person)
    for need, anchor, words in (
        ("close-a-deal", "sales", "Sales, pre-sales and marketing"),
        ("implement-the-product", "delivery", "Delivery and pre-sales"),
        ("get-certified", "training", "Training"),
    ):
        text = page(rep, f"/needs/{need}/")
        assert (f"{contacts}#{anchor}" in text, words in text) == (True, True)
        assert "Who to talk to" not in page(signed_in(channel_manager), f"/needs/{need}/")
