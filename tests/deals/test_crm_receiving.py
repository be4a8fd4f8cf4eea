"""What CRM systems tell us: who is believed, once, what of it, and that it does not go round in circles."""

import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from lms.accounts.models import User
from lms.common import webhooks
from lms.common.guards import UnsafeInput
from lms.deals import services
from lms.deals.crm import FIELDS, MAX_BODY
from lms.deals.models import CrmLink, CrmMessage, CrmReceipt, CrmSystem, Deal, DealChange
from lms.deals.moves import State
from lms.deals.services import crm_receiving
from lms.events.services import drain
from lms.partners.models import Partner
from tests.deals.factories import approved, channel_manager, house, manager_of, register
from tests.deals.test_crm_sending import crm

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def body_of(at: datetime, **data: Any) -> bytes:
    return json.dumps({"type": "deal.updated", "timestamp": at.isoformat(), "data": data}).encode()


def headers_of(secrets: services.Secrets, body: bytes, at: datetime, id_: str = "") -> dict[str, str]:
    key = webhooks.read_secret(secrets.incoming)
    return webhooks.headers([key], id_=id_ or f"msg_{uuid4().hex}", at=at, body=body)


def tell(pair: tuple[CrmSystem, services.Secrets], body: bytes, at: datetime, *, id_: str = "") -> dict[str, Any]:
    system, secrets = pair
    sent = headers_of(secrets, body, at, id_)
    return services.receive_message(system_id=system.public_id, sent=sent, body=body, at=at)


def of(deal: Deal) -> str:
    return str(deal.public_id)


def test_fields_of_the_vendor_s_crm_are_applied_and_logged(now: datetime) -> None:
    pair, deal = crm(now), approved(house(), now)
    fields = {"value": "52000.50", "close_month": f"{now.year + 1}-03-31", "next_step": "Contract"}
    answer = tell(pair, body_of(now, id=of(deal), external_id="006A", fields=fields), now)
    deal.refresh_from_db()
    assert answer == {
        "deal": of(deal),
        "state": "approved",
        "applied": ["value", "close_month", "next_step"],
        "kept": {},
    }
    assert (deal.amount, deal.close_month.isoformat()) == ("52,000.50 EUR", f"{now.year + 1}-03-01")
    logged = [(one.field, one.before, one.after, one.system_name) for one in deal.changes.order_by("pk")]
    assert logged[0] == ("value", "48,000 EUR", "52,000.50 EUR", "Sales")
    assert [one[0] for one in logged] == ["value", "close_month", "next_step"]


def test_external_id_stands_for_the_deal_from_then_on(now: datetime) -> None:
    pair, deal = crm(now), approved(house(), now)
    tell(pair, body_of(now, id=of(deal), external_id="006A"), now)
    tell(pair, body_of(now, id=of(deal), external_id="006A"), now)
    assert tell(pair, body_of(now, external_id="006A", fields={"next_step": "Go"}), now)["applied"] == ["next_step"]
    assert CrmLink.objects.count() == 1
    other = approved(house("Birch"), now, customer_name="Nim", customer_domain="")
    with pytest.raises(services.LinkTaken):
        tell(pair, body_of(now, id=of(deal), external_id="006B"), now)
    with pytest.raises(services.LinkTaken):
        tell(pair, body_of(now, id=of(other), external_id="006A"), now)
    second = crm(now, "Other")
    assert tell(second, body_of(now, id=of(other), external_id="006A"), now)["deal"] == of(other)


def test_same_message_again_changes_nothing(now: datetime) -> None:
    pair, deal = crm(now), approved(house(), now)
    body = body_of(now, id=of(deal), fields={"value": "52000"})
    first = tell(pair, body, now, id_="one")
    assert tell(pair, body, now + MINUTE, id_="one") == first
    assert (DealChange.objects.count(), CrmReceipt.objects.count()) == (1, 1)
    with pytest.raises(services.MessageReused):
        tell(pair, body_of(now, id=of(deal), fields={"value": "1"}), now, id_="one")


def test_refused_message_is_judged_anew(now: datetime) -> None:
    pair, deal = crm(now), approved(house(), now)
    body = body_of(now, id=of(deal), fields={"value": "1.234,56", "next_step": "Go"})
    for _ in range(2):
        with pytest.raises(services.BadDeal):
            tell(pair, body, now, id_="one")
    deal.refresh_from_db()
    assert (deal.next_step, CrmReceipt.objects.count()) == ("Demo on Thursday", 0)


def test_latest_change_counts_in_whatever_order_it_comes(now: datetime) -> None:
    pair, deal = crm(now), approved(house(), now)
    other = crm(now, "Other")
    late, early = (now - MINUTE).isoformat(), (now - 5 * MINUTE).isoformat()
    tell(pair, body_of(now, id=of(deal), changed_at=late, fields={"value": "60000"}), now)
    answer = tell(other, body_of(now, id=of(deal), changed_at=early, fields={"value": "1", "next_step": "Go"}), now)
    deal.refresh_from_db()
    assert (answer["applied"], answer["kept"]) == (["next_step"], {"value": "Somebody changed it later than that."})
    assert deal.value == 60000


@pytest.mark.parametrize(
    ("said", "older"),
    [
        ({"value": "48000"}, {"value": "1"}),
        ({"close_month": "2027-02"}, {"close_month": "2027-09"}),
        ({"next_step": "Demo on Thursday"}, {"next_step": "Wait"}),
        ({"stage": "Negotiation/Review"}, {"stage": "Closed Lost"}),
    ],
)
def test_what_is_said_again_is_newer_than_what_was_said_before(
    now: datetime, said: dict[str, str], older: dict[str, str]
) -> None:
    """An older message that arrives later overwrites nothing, also when the newer one changed nothing."""
    pair, deal = crm(now), approved(house(), now)
    Deal.objects.update(close_month=date(2027, 2, 1))
    for minutes in (4, 2):  # the mark is moved on, not only set
        tell(pair, body_of(now, id=of(deal), changed_at=(now - minutes * MINUTE).isoformat(), fields=said), now)
    late = (now - 3 * MINUTE).isoformat()
    answer = tell(pair, body_of(now, id=of(deal), changed_at=late, fields=older), now)
    assert answer["kept"] == dict.fromkeys(older, "Somebody changed it later than that.")
    newer = tell(pair, body_of(now, id=of(deal), changed_at=(now - MINUTE).isoformat(), fields=older), now)
    assert newer["applied"] == list(older)


@pytest.mark.parametrize("name", sorted(name for name, rule in FIELDS.items() if rule.owner == "platform"))
def test_what_is_ours_is_kept_and_said(now: datetime, name: str) -> None:
    pair, deal = crm(now), approved(house(), now)
    answer = tell(pair, body_of(now, id=of(deal), fields={name: "Other", "colour": "red"}), now)
    assert answer["applied"] == []
    assert answer["kept"] == {name: FIELDS[name].why, "colour": "This is no field of a deal."}


def test_partner_s_system_does_not_raise_what_counts(now: datetime) -> None:
    rep = house()
    pair, deal = crm(now, partner=rep.partner), approved(rep, now)
    fields = {"value": "9000000", "currency": "EUR", "stage": "won", "lost_reason": "price", "next_step": "Go"}
    answer = tell(pair, body_of(now, id=of(deal), fields=fields), now + MINUTE)
    deal.refresh_from_db()
    assert (answer["applied"], sorted(answer["kept"])) == (["next_step"], ["currency", "lost_reason", "stage", "value"])
    assert (deal.value, deal.state, deal.touched_at) == (48000, State.APPROVED, now + MINUTE)


def test_partner_s_system_knows_no_deal_of_others(now: datetime) -> None:
    pair = crm(now, partner=house("Aster").partner)
    deal = approved(house("Birch"), now)
    with pytest.raises(services.UnknownDeal):
        tell(pair, body_of(now, id=of(deal)), now)
    with pytest.raises(services.UnknownDeal):
        tell(pair, body_of(now, external_id="006A"), now)


@pytest.mark.parametrize(
    ("stage", "more", "state", "reason"),
    [
        ("Closed Won", {}, "won", ""),
        ("closedlost", {}, "lost", "other"),
        ("lost", {"lost_reason": "price"}, "lost", "price"),
        ("lost", {"lost_reason": ""}, "lost", "other"),
        ("lost", {"lost_reason": " \t"}, "lost", "other"),
    ],
)
def test_stage_ends_the_deal(now: datetime, stage: str, more: dict[str, str], state: str, reason: str) -> None:
    pair, deal = crm(now), approved(house(), now)
    answer = tell(pair, body_of(now, id=of(deal), fields={"stage": stage, "value": "50000"} | more), now)
    deal.refresh_from_db()
    move = deal.moves.order_by("-number")[0]
    assert (answer["applied"], deal.state, deal.holds) == (["value", "stage"], state, False)
    assert (move.reason, move.text, move.by) == (reason, "Reported by Sales.", None)
    later = tell(pair, body_of(now + MINUTE, id=of(deal), fields={"stage": stage, "value": "1"}), now + MINUTE)
    assert later["kept"] == {"stage": "It is that already.", "value": "The deal is over, so its figures stay."}


@pytest.mark.parametrize("stage", ["won", "lost"])
def test_end_by_a_crm_is_told_to_both_sides(now: datetime, stage: str) -> None:
    rep, channel = house(), channel_manager("Cora")
    Partner.objects.update(channel_manager=channel)
    pair, deal = crm(now), approved(rep, now)
    drain()
    mail.outbox.clear()
    tell(pair, body_of(now, id=of(deal), fields={"stage": stage}), now)
    drain()
    assert sorted(letter.to for letter in mail.outbox) == sorted([[rep.person.email], [channel.email]])
    assert all("Reported by Sales." in letter.body for letter in mail.outbox)


def test_end_by_a_crm_is_told_to_the_managers_after_the_rep_left(now: datetime) -> None:
    rep = house()
    pair, deal = crm(now), approved(rep, now)
    User.objects.filter(pk=rep.person_id).update(is_active=False)
    drain()
    mail.outbox.clear()
    tell(pair, body_of(now, id=of(deal), fields={"stage": "won"}), now)
    drain()
    assert [letter.to for letter in mail.outbox] == [[manager_of(deal.partner).email]]


def test_reason_without_a_loss_is_kept_and_said(now: datetime) -> None:
    pair, deal = crm(now), approved(house(), now)
    for fields in ({"lost_reason": "price"}, {"lost_reason": "", "stage": "won"}):
        answer = tell(pair, body_of(now, id=of(deal), fields=fields), now)
        assert answer["kept"] == {"lost_reason": FIELDS["lost_reason"].why}


def test_stage_passes_the_customer_on(now: datetime) -> None:
    pair, deal = crm(now), approved(house("Aster"), now)
    second = register(house("Birch"), now)
    tell(pair, body_of(now, id=of(deal), fields={"stage": "lost"}), now)
    second.refresh_from_db()
    assert (second.state, second.holds) == ("in_review", True)


def test_stage_does_not_decide_what_people_decide(now: datetime) -> None:
    pair, deal = crm(now), register(house(), now)
    assert (
        "is not ended by a CRM" in tell(pair, body_of(now, id=of(deal), fields={"stage": "won"}), now)["kept"]["stage"]
    )
    answer = tell(pair, body_of(now, id=of(deal), fields={"stage": "Qualification"}), now)
    assert answer["kept"]["stage"] == FIELDS["stage"].why


def test_change_is_not_sent_back_to_where_it_came_from(now: datetime) -> None:
    """No loops."""
    deal = approved(house(), now)
    drain()
    here, there = crm(now, "Here"), crm(now, "There")
    tell(here, body_of(now, id=of(deal), fields={"value": "50000", "stage": "won"}), now)
    drain()
    told = [(message.system.name, message.type) for message in CrmMessage.objects.order_by("pk")]
    assert sorted(told) == [("There", "deal.changed"), ("There", "deal.moved")]
    change = json.loads(there[0].messages.get(type="deal.changed").body)["data"]["change"]
    assert change == {"field": "value", "before": "48,000 EUR", "after": "50,000 EUR", "by": "Here"}


@pytest.mark.parametrize(
    "fields",
    [
        {"value": "48000"},
        {"close_month": "today"},
        {"next_step": "Demo on Thursday"},
        {"currency": "EUR"},
    ],
)
def test_what_it_is_already_is_no_change(now: datetime, fields: dict[str, str]) -> None:
    pair, deal = crm(now), approved(house(), now)
    fields = {name: f"{now:%Y-%m}" if text == "today" else text for name, text in fields.items()}
    answer = tell(pair, body_of(now, id=of(deal), fields=fields), now)
    assert (answer["applied"], list(answer["kept"])) == ([], list(fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"value": "NaN"},
        {"value": "1", "currency": "ZZZ"},
        {"close_month": "soon"},
        {"close_month": "1999-01"},
        {"next_step": " "},
        {"next_step": "x" * 301},
        {"stage": "lost", "lost_reason": "weather"},
    ],
)
def test_value_that_no_deal_can_have_refuses_the_message(now: datetime, fields: dict[str, str]) -> None:
    pair, deal = crm(now), approved(house(), now)
    with pytest.raises(services.BadDeal):
        tell(pair, body_of(now, id=of(deal), fields=fields), now)
    deal.refresh_from_db()
    assert (deal.state, deal.value) == ("approved", 48000)


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"deal.moved","timestamp":"2026-11-28T12:00:00Z","data":{}}',
        b'{"type":"deal.updated","timestamp":"2026-11-28T12:00:00","data":{}}',
        b'{"type":"deal.updated","timestamp":"2026-11-28T12:00:00Z","data":{"fields":{"value":1}}}',
        b'{"type":"deal.updated","timestamp":"2026-11-28T12:00:00Z","data":{}}',
        b'{"type":"deal.updated","timestamp":"2999-11-28T12:00:00Z","data":{}}',
        b'{"type":"deal.updated","timestamp":"0001-01-01T00:00:00+14:00","data":{"external_id":"1"}}',
        b"[]",
    ],
)
def test_message_that_cannot_be_read(now: datetime, body: bytes) -> None:
    with pytest.raises(services.BadMessage):
        tell(crm(now), body, now)


@pytest.mark.parametrize("body", [b"{", b"[" * 1000, b'{"type": "\\u0000"}', b"\xff"])
def test_message_that_is_no_json(now: datetime, body: bytes) -> None:
    with pytest.raises(UnsafeInput):
        tell(crm(now), body, now)


def test_own_messages_sent_back_are_not_believed(now: datetime) -> None:
    """Each direction has a key of its own."""
    system, secrets = crm(now)
    body = body_of(now, id=str(uuid4()))
    key = webhooks.read_secret(secrets.outgoing)
    with pytest.raises(webhooks.BadSignature):
        services.receive_message(
            system_id=system.public_id,
            sent=webhooks.headers([key], id_="one", at=now, body=body),
            body=body,
            at=now,
        )


def test_minute_has_its_limit_for_who_knows_the_secret(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(crm_receiving, "MESSAGES_PER_MINUTE", 2)
    pair, deal = crm(now), approved(house(), now)
    for _ in range(2):
        tell(pair, body_of(now, id=of(deal)), now)
    with pytest.raises(services.TooManyMessages) as refusal:
        tell(pair, body_of(now, id=of(deal)), now)
    assert 0 < refusal.value.retry_after <= 60
    monkeypatch.setattr(cache, "incr", lambda _: 1 / 0)
    assert tell(pair, body_of(now, id=of(deal)), now)["applied"] == []


def test_address_answers_by_the_same_rules() -> None:
    now = timezone.now()
    (system, secrets), deal = crm(now), approved(house(), now)
    url = reverse("api-v1:crm-messages", args=[system.public_id])
    body = body_of(now, id=of(deal), fields={"next_step": "Contract"})

    def post(where: str, content: bytes, headers: dict[str, str]) -> Any:
        return APIClient().post(where, content, content_type="application/json", headers=headers)

    good = post(url, body, headers_of(secrets, body, now))
    assert (good.status_code, good.json()["applied"]) == (200, ["next_step"])
    assert post(url, body, {}).status_code == 401
    elsewhere = reverse("api-v1:crm-messages", args=[uuid4()])
    assert post(elsewhere, body, headers_of(secrets, body, now)).status_code == 401
    large = b" " * (MAX_BODY + 1)
    assert post(url, large, headers_of(secrets, large, now)).status_code == 413
    assert post(url, b" " * 3_000_000, {}).status_code == 413
    unknown = body_of(now, id=str(uuid4()))
    assert post(url, unknown, headers_of(secrets, unknown, now)).json()["type"] == "urn:laurel:problem:unknown_deal"


def test_move_of_a_person_is_told_to_everybody(now: datetime) -> None:
    crm(now, "Here")
    deal = register(house(), now)
    services.move_deal(deal=deal, move="take", by=channel_manager(), at=now)
    drain()
    assert [message.type for message in CrmMessage.objects.order_by("pk")] == ["deal.registered", "deal.moved"]
