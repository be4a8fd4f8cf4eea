"""Files of deals: what each row would become, and what becomes of it; once, by the rules, and only what is good."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from lms.accounts.models import User
from lms.common import exports
from lms.common.guards import UnsafeInput
from lms.deals import exporting, services, tasks
from lms.deals.models import Deal, DealImport, DealImportRow, Origin
from lms.deals.services import import_rows, importing
from lms.events.services import drain
from lms.partners.models import Partner
from lms.partners.services import suspend_partner
from tests.deals.factories import account, channel_manager, house, manager_of, move, register, rules
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
HEADINGS = ["Customer", "Website", "Country", "Product", "Amount", "Currency", "Close date", "Description", "Next step"]
ROW = ["Acme GmbH", "acme.example", "Germany", "HALDEN-SITES", "48000.50", "eur", "", "Forty shops", "Demo"]


def row(at: datetime, **changes: str) -> list[str]:
    cells = dict(zip(HEADINGS, ROW, strict=True)) | {"Close date": f"{at:%Y-%m-%d}"} | changes
    return list(cells.values())


def text(*rows: list[str], headings: list[str] | None = None) -> bytes:
    return "\n".join(";".join(cells) for cells in [headings or HEADINGS, *rows]).encode()


def upload(by: User, at: datetime, *rows: list[str], partner: Partner | None = None, **options: Any) -> DealImport:
    """Uploaded, its columns taken as they were guessed, and looked at."""
    made = services.ask_import(partner=partner, data=text(*rows, **options), name="deals.csv", by=by, at=at)
    services.map_columns(deal_import=made, mapping=made.mapping, by=by, at=at)
    drain()
    return fresh(made)


def fresh(made: DealImport) -> DealImport:
    return DealImport.objects.get(pk=made.pk)


def outcomes(made: DealImport) -> list[tuple[int, str]]:
    return list(made.rows.order_by("number").values_list("line", "outcome"))


def messages(made: DealImport) -> list[str]:
    return list(made.rows.order_by("number").values_list("message", flat=True))


def run(made: DealImport, by: User, at: datetime) -> DealImport:
    assert services.confirm_import(deal_import=made, by=by, at=at)
    drain()
    return fresh(made)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def test_manager_imports_what_was_shown_and_one_letter_tells_it(now: datetime) -> None:
    partner = house().partner
    boss = manager_of(partner)
    made = upload(boss, now, row(now), row(now, Customer="Beta", Website="", Amount="1,5"), partner=partner)
    assert outcomes(made) == [(2, "new"), (3, "refused")]
    assert messages(made)[1] == "Value: Enter the amount with digits and a point, as 48000 or 48000.50."
    assert (Deal.objects.count(), made.looked_at is not None, made.is_running) == (0, True, False)
    made = run(made, boss, now)
    deal = Deal.objects.get()
    assert (deal.customer_name, deal.partner, deal.registered_by) == ("Acme GmbH", partner, boss)
    assert (str(deal.value), deal.customer_country, deal.product) == ("48000.500", "DE", "halden-sites")
    assert (deal.origin, deal.state, deal.moves.get().by) == (Origin.FILE, "submitted", boss)
    assert outcomes(made) == [(2, "created"), (3, "refused")]
    assert made.rows.get(line=2).deal == deal
    assert (made.finished_at is not None, made.done) == (True, 2)
    assert [letter.subject for letter in mail.outbox] == ["1 deal registered from a file"]
    assert "1 row left out" in mail.outbox[0].body


def test_same_file_twice_registers_nothing(now: datetime) -> None:
    """Whoever sends it, and also after the deal has ended."""
    partner = house().partner
    boss, other = manager_of(partner), MembershipFactory(partner=partner, role="manager").person
    run(upload(boss, now, row(now), partner=partner), boss, now)
    deal = Deal.objects.get()
    move(deal, "withdraw", boss, now)
    again = upload(other, now, row(now), partner=partner)
    assert (outcomes(again), again.rows.get().deal) == ([(2, "duplicate")], deal)
    with pytest.raises(services.BadFile):
        services.confirm_import(deal_import=again, by=other, at=now)
    assert Deal.objects.count() == 1


def test_two_looks_at_one_file_register_it_once(now: datetime) -> None:
    """Both were good when they were looked at."""
    partner = house().partner
    boss = manager_of(partner)
    pair = [upload(boss, now, row(now), partner=partner) for _ in range(2)]
    done = [run(made, boss, now) for made in pair]
    assert [outcomes(made) for made in done] == [[(2, "created")], [(2, "duplicate")]]
    assert (Deal.objects.count(), messages(done[1])) == (1, ["It was imported before."])


def test_confirming_twice_and_a_repeated_message_do_nothing(now: datetime) -> None:
    partner = house().partner
    boss = manager_of(partner)
    made = run(upload(boss, now, row(now), partner=partner), boss, now)
    assert services.confirm_import(deal_import=made, by=boss, at=now) is False
    for is_dry_run in (True, False):
        again = {"import_id": made.public_id, "round_": 1, "start": 0, "is_dry_run": is_dry_run, "at": now}
        assert services.continue_import(**again) is False
    assert Deal.objects.count() == 1


def test_row_that_repeats_another_of_the_file_is_found(now: datetime, monkeypatch: Any) -> None:
    """In one batch and in two, by name and by domain."""
    partner = house().partner
    boss = manager_of(partner)
    rows = [
        row(now),
        row(now, Customer="ACME", Website="", Amount="5"),
        row(now, Customer="Other", Amount="6"),
        row(now, Customer="Fourth", Website="fourth.example"),
    ]
    for at_once in (200, 1):
        monkeypatch.setattr(importing, "LOOKED_AT_ONCE", at_once)
        made = upload(boss, now, *rows, partner=partner)
        assert outcomes(made) == [(2, "new"), (3, "duplicate"), (4, "duplicate"), (5, "new")]
        assert messages(made)[1:3] == ["The same customer and product as in row 2."] * 2


def test_own_open_deal_is_named(now: datetime) -> None:
    rep = house()
    deal = register(rep, now)
    boss = manager_of(rep.partner)
    made = upload(boss, now, row(now, Amount="7"), partner=rep.partner)
    assert (outcomes(made), made.rows.get().deal) == ([(2, "duplicate")], deal)


def test_deal_registered_after_the_look_is_not_doubled(now: datetime) -> None:
    rep = house()
    boss = manager_of(rep.partner)
    made = upload(boss, now, row(now, Amount="7"), partner=rep.partner)
    deal = register(rep, now)
    assert [one.deal for one in run(made, boss, now).rows.all()] == [deal]
    assert Deal.objects.count() == 1


def test_another_partners_deal_is_told_to_the_vendor_only(now: datetime) -> None:
    """A file of guesses must not tell a partner who works with whom."""
    register(house("Other"), now)
    account(now, name="Beta")
    partner = house("Mine").partner
    rows = [row(now), row(now, Customer="Beta", Website="")]
    own = upload(manager_of(partner), now, *rows, partner=partner)
    assert (outcomes(own), messages(own)) == ([(2, "new"), (3, "new")], ["", ""])
    ours = channel_manager("Vendor")
    seen = upload(ours, now, *rows, partner=partner)
    assert outcomes(seen) == [(2, "conflict"), (3, "conflict")]
    run(seen, ours, now)
    assert set(Deal.objects.filter(partner=partner).values_list("state", flat=True)) == {"in_conflict"}


def test_channel_manager_imports_for_many_partners(now: datetime) -> None:
    """Of a row that names nobody the partner's manager has the deal; who imported it does not decide it."""
    kestrel, minato = house("Kestrel"), house("Minato")
    ours = channel_manager("Vendor")
    headings = [*HEADINGS, "Partner", "Email"]
    rows = [
        [*row(now), "kestrel", kestrel.person.email.upper()],
        [*row(now, Customer="Beta", Website=""), minato.partner.slug, ""],
        [*row(now, Customer="Gamma", Website=""), "Nobody", ""],
        [*row(now, Customer="Delta", Website=""), "", ""],
        [*row(now, Customer="Epsilon", Website=""), "Kestrel", "stranger@x.example"],
    ]
    made = upload(ours, now, *rows, headings=headings)
    assert [one for _, one in outcomes(made)] == ["new", "new", "refused", "refused", "refused"]
    assert messages(made)[2:] == [
        "Partner: There is no partner “Nobody”.",
        "Partner: This is needed.",
        "E-mail of the rep: Nobody of Kestrel could look after the deal.",
    ]
    run(made, ours, now)
    owners = dict(Deal.objects.values_list("customer_name", "registered_by"))
    assert owners == {"Acme GmbH": kestrel.person.pk, "Beta": manager_of(minato.partner).pk}
    letters = {letter.to[0]: letter.subject for letter in mail.outbox}
    assert letters[ours.email] == "2 deals registered from a file"
    assert letters[kestrel.person.email] == "1 deal registered from a file"
    deal = Deal.objects.get(customer_name="Beta")
    with pytest.raises(services.OwnInterest):
        move(deal, "approve", ours, now)
    assert move(deal, "approve", channel_manager("Second"), now).state == "approved"


def test_limit_of_open_registrations_counts_the_file_too(now: datetime, monkeypatch: Any) -> None:
    rules(max_open=2)
    rep = house()
    register(rep, now, customer_name="Open", customer_domain="")
    boss = manager_of(rep.partner)
    rows = [row(now, Customer=name, Website="") for name in ("One", "Two", "Three")]
    for at_once in (200, 1):
        monkeypatch.setattr(importing, "LOOKED_AT_ONCE", at_once)
        made = upload(boss, now, *rows, partner=rep.partner)
        assert [one for _, one in outcomes(made)] == ["new", "refused", "refused"]
    assert messages(made)[1] == "Your company has 2 open registrations, as many as the rules allow."


def test_rules_that_are_not_accepted_refuse_each_row(now: datetime) -> None:
    rep = house(accepts=False)
    made = upload(manager_of(rep.partner), now, row(now), partner=rep.partner)
    assert "must accept version 1" in messages(made)[0]


def test_right_lost_meanwhile_registers_nothing(now: datetime) -> None:
    rep = house()
    boss = manager_of(rep.partner)
    made = upload(boss, now, row(now), partner=rep.partner)
    assert services.confirm_import(deal_import=made, by=boss, at=now)
    User.objects.filter(pk=boss.pk).update(is_active=False)
    drain()
    assert outcomes(fresh(made)) == [(2, "refused")]
    assert (Deal.objects.count(), len(mail.outbox)) == (0, 0)


def test_partner_suspended_meanwhile_registers_nothing(now: datetime) -> None:
    rep, ours = house(), channel_manager()
    made = upload(ours, now, row(now), partner=rep.partner)
    suspend_partner(partner=rep.partner, by=ours, reason="Unpaid", at=now)
    made = run(made, ours, now)
    assert messages(made) == ["The partner is suspended, or nobody of it could look after the deal."]


def test_fault_of_ours_costs_one_row(now: datetime, monkeypatch: Any) -> None:
    rep = house()
    boss = manager_of(rep.partner)
    made = upload(boss, now, row(now), row(now, Customer="Beta", Website=""), partner=rep.partner)
    real = services.register_deal

    def broken(**given: Any) -> Deal:
        if given["draft"].customer_name == "Acme GmbH":
            raise RuntimeError("broken")
        return real(**given)

    monkeypatch.setattr(importing, "register_deal", broken)
    made = run(made, boss, now)
    assert (outcomes(made), messages(made)[0]) == (
        [(2, "refused"), (3, "created")],
        "It could not be worked on. Try it by hand.",
    )


def test_columns_can_be_named_anew_until_it_is_imported(now: datetime) -> None:
    """What is on its way of the earlier round is not gone on with."""
    rep = house()
    boss = manager_of(rep.partner)
    made = upload(boss, now, row(now, Country=""), partner=rep.partner)
    assert messages(made) == ["Country: Choose a country."]
    mapping = made.mapping | {"customer_country": "same:DE"}
    services.map_columns(deal_import=made, mapping=mapping, by=boss, at=now)
    assert services.continue_import(import_id=made.public_id, round_=1, start=0, is_dry_run=True, at=now) is False
    drain()
    assert outcomes(made) == [(2, "new")]
    made = run(fresh(made), boss, now)
    for act in (services.map_columns, services.discard_import):
        extra = {"mapping": mapping} if act is services.map_columns else {}
        with pytest.raises(services.IllegalMove):
            act(deal_import=made, by=boss, at=now, **extra)


def test_discarded_file_is_forgotten(now: datetime) -> None:
    rep = house()
    boss = manager_of(rep.partner)
    made = upload(boss, now, row(now), partner=rep.partner)
    for _ in range(2):
        services.discard_import(deal_import=made, by=boss, at=now)
    assert (DealImport.objects.count(), DealImportRow.objects.count(), Deal.objects.count()) == (0, 0, 0)


def test_only_managers_and_channel_roles_import(now: datetime) -> None:
    rep, other = house(), house("Other")
    for person, partner in ((rep.person, rep.partner), (manager_of(other.partner), rep.partner), (rep.person, None)):
        with pytest.raises(services.NotYourMove):
            services.ask_import(partner=partner, data=text(row(now)), name="x", by=person, at=now)
    with pytest.raises(services.NotYourMove):
        services.ask_import(partner=None, data=text(row(now)), name="x", by=manager_of(rep.partner), at=now)
    with pytest.raises(UnsafeInput):
        services.ask_import(partner=None, data=b"\xff\xfe", name="x", by=channel_manager(), at=now)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"need": ""}, "Say where “What do they need?” comes from."),
        ({"need": "column:9"}, "“What do they need?” comes from a column that the file does not have."),
        ({"need": "column:٣"}, "“What do they need?” comes from a column that the file does not have."),
        ({"need": "same:x"}, "“What do they need?” comes from a column of the file."),
    ],
)
def test_mapping_that_cannot_be_is_refused(now: datetime, changes: dict[str, str], words: str) -> None:
    rep = house()
    boss = manager_of(rep.partner)
    made = services.ask_import(partner=rep.partner, data=text(row(now)), name="x", by=boss, at=now)
    with pytest.raises(services.BadFile) as refused:
        services.map_columns(deal_import=made, mapping=made.mapping | changes, by=boss, at=now)
    assert refused.value.message == words


def test_headings_are_guessed() -> None:
    guessed = import_rows.guess(["Account Name", "close_date", "Foo", "E-Mail", "Amount"])
    assert guessed == {
        "registered_by": "column:3",
        "customer_name": "column:0",
        "value": "column:4",
        "close_month": "column:1",
    }


@pytest.mark.parametrize(
    ("written", "month"),
    [
        ("2027-02", "2027-02-01"),
        ("2027-2-28", "2027-02-01"),
        ("2027-02-28T10:00", "2027-02-01"),
        ("2/2027", "2027-02-01"),
    ],
)
def test_months_are_read(written: str, month: str) -> None:
    version = rules()
    draft = import_rows.draft_of({"close_month": written, "product": "HALDEN-EDGE"}, version.rules)
    assert (draft.close_month.isoformat(), draft.product) == (month, "halden-edge")


@given(st.text(max_size=12))
def test_month_nobody_can_read_is_refused_or_a_first_day(written: str) -> None:
    try:
        assert import_rows._month(written).day == 1
    except services.BadDeal as error:
        assert error.field == "close_month"


def test_own_download_can_be_imported(now: datetime) -> None:
    """Amounts have the digits of their currency there, so that they are read again."""
    rep = house()
    deal = register(rep, now)
    lines = "".join(exports.csv_lines(exporting.rows(Deal.objects.all())))
    move(deal, "withdraw", rep.person, now)
    boss = manager_of(rep.partner)
    made = services.ask_import(partner=rep.partner, data=lines.encode(), name="x", by=boss, at=now)
    services.map_columns(deal_import=made, mapping=made.mapping, by=boss, at=now)
    drain()
    assert outcomes(made) == [(2, "new")]


def test_files_are_forgotten_after_90_days_and_deals_stay(now: datetime) -> None:
    rep = house()
    boss = manager_of(rep.partner)
    run(upload(boss, now, row(now), partner=rep.partner), boss, now)
    assert services.forget_imports(at=now + timedelta(days=90)) == 0
    assert tasks.forget_imports() == 0
    assert services.forget_imports(at=now + timedelta(days=91)) == 1
    assert (Deal.objects.count(), DealImportRow.objects.count()) == (1, 0)


def test_database_wants_a_look_before_the_import(now: datetime) -> None:
    rep = house()
    made = services.ask_import(partner=rep.partner, data=text(row(now)), name="x", by=manager_of(rep.partner), at=now)
    for change in ({"confirmed_at": now}, {"finished_at": now}):
        with pytest.raises(IntegrityError), transaction.atomic():
            DealImport.objects.filter(pk=made.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        made.rows.update(outcome="created")
