"""Pages about CRM systems: secrets are shown once, and what a person can do about each."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from lms.deals import services
from lms.deals.models import CrmMessage, CrmSystem
from lms.deals.views import crm_pages
from lms.events.services import drain
from tests.deals.factories import approved, channel_manager, head_of_channel, house
from tests.deals.test_crm_receiving import body_of, of, tell
from tests.deals.test_crm_sending import crm
from tests.deals.test_pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def test_secrets_are_shown_once_after_a_redirect() -> None:
    client = signed_in(head_of_channel())
    data = {"name": "Sales", "address": "https://crm.example/hook", "partner": "", "events": ["deal.moved"]}
    response = client.post(reverse("deals:crm"), data)
    system = CrmSystem.objects.get()
    page = reverse("deals:crm_system", args=[system.public_id])
    assert (response.status_code, response.url) == (302, page)
    assert (system.partner, system.events) == (None, ["deal.moved"])
    assert client.head(page).status_code == 200
    shown = client.get(page)
    secrets = services.secrets_of(system)
    assert (secrets.outgoing in shown.content.decode(), secrets.incoming in shown.content.decode()) == (True, True)
    assert "no-store" in shown.headers["Cache-Control"]
    again = client.get(page).content.decode()
    assert ("whsec_" in again, reverse("api-v1:crm-messages", args=[system.public_id]) in again) == (False, True)


def test_secrets_that_nobody_came_to_see_are_not_shown_later(monkeypatch: pytest.MonkeyPatch) -> None:
    system, _ = crm(timezone.now())
    client = signed_in(head_of_channel())
    client.post(reverse("deals:crm_act", args=[system.public_id, "rotate"]))
    monkeypatch.setattr(crm_pages, "_SHOWN_WITHIN", timedelta(0))
    assert "whsec_" not in client.get(reverse("deals:crm_system", args=[system.public_id])).content.decode()


def test_second_change_within_the_day_waits_for_the_end_of_the_old_secrets() -> None:
    system, first = crm(timezone.now())
    client = signed_in(head_of_channel())
    rotate = reverse("deals:crm_act", args=[system.public_id, "rotate"])
    shown = client.post(rotate, follow=True).content.decode()
    assert ("The old ones stay valid for a day" in shown, first.outgoing in shown) == (True, False)
    system.refresh_from_db()
    second = services.secrets_of(system)
    refused = client.post(rotate, follow=True).content.decode()
    assert ("The secrets were changed already" in refused, "whsec_" in refused) == (True, False)
    system.refresh_from_db()
    assert services.secrets_of(system) == second
    ended = client.post(reverse("deals:crm_act", args=[system.public_id, "end-old"]), follow=True).content.decode()
    assert "The old secrets are valid no more" in ended
    assert client.post(rotate, follow=True).content.decode().count("whsec_") == 2


def test_refused_system_stays_in_the_form() -> None:
    response = signed_in(head_of_channel()).post(reverse("deals:crm"), {"name": "Sales", "address": "file:///etc"})
    assert (response.status_code, CrmSystem.objects.count()) == (400, 0)
    assert 'value="file:///etc"' in response.content.decode()


def test_page_shows_what_was_not_taken_and_what_was_told() -> None:
    now = timezone.now()
    pair = crm(now, partner=None)
    deal = approved(house(), now)
    drain()
    tell(pair, body_of(now, id=of(deal), fields={"next_step": "Go", "product": "x"}), now)
    CrmMessage.objects.update(buried_at=now, reason="It answered 422.")
    head = head_of_channel()
    page = text_of(head, "deals:crm_system", pair[0].public_id)
    for words in ("It answered 422.", "next_step", "product: The deal was judged by it"):
        assert words in page
    assert "2 messages were not taken" in page
    assert "then send them again" in page
    listed = text_of(head, "deals:crm")
    assert ("2 not taken" in listed, "Not all taken" in listed) == (True, True)
    client = signed_in(head)
    for action, words in (("replay", "sent again"), ("pause", "Nothing is sent"), ("resume", "goes on")):
        response = client.post(reverse("deals:crm_act", args=[pair[0].public_id, action]), follow=True)
        assert words in response.content.decode()
    assert CrmMessage.objects.buried().count() == 0
    assert client.post(reverse("deals:crm_act", args=[pair[0].public_id, "explode"])).status_code == 404
    assert client.post(reverse("deals:crm_act", args=[pair[0].public_id, "remove"])).status_code == 302
    assert CrmSystem.objects.count() == 0


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_the_same_for_one_and_three(count: int, django_assert_num_queries: Any) -> None:
    now, head = timezone.now(), head_of_channel()
    for number in range(count):
        system, _ = crm(now, f"Sales {number}", partner=house(f"House {number}").partner)
        services.pause_crm(system=system, by=head, at=now)
    client = signed_in(head)
    client.get(reverse("deals:crm"))
    with django_assert_num_queries(LIST_QUERIES):
        text = client.get(reverse("deals:crm")).content.decode()
    assert text.count(">Paused</span>") == count


LIST_QUERIES = 6


def test_channel_managers_see_no_systems() -> None:
    client = signed_in(channel_manager())
    assert client.get(reverse("deals:crm")).status_code == 403
    assert "CRM systems" not in client.get(reverse("deals:queue")).content.decode()
    assert "CRM systems" in text_of(head_of_channel(), "deals:queue")
