"""Files of deals: uploaded, columns named, looked at row by row, and registered in the background.

Looking reads, and so takes many rows in a transaction. Registering locks a customer, and so takes one: an import never
holds two customers while somebody moves a deal of them the other way round.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction
from django.db.models import Count, Q

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common.errors import DomainError
from lms.common.guards import clean_name
from lms.common.tables import Bounds, read_table
from lms.deals.errors import AlreadyRegistered, BadDeal, BadFile, IllegalMove, NotAMember, NotYourMove
from lms.deals.events import DealImportDue, DealsImported
from lms.deals.models import Deal, DealImport, DealImportRow, EngagementRules, Origin, RowOutcome, VendorAccount
from lms.deals.models.imports import GOOD
from lms.deals.services.engaging import rules_for
from lms.deals.services.import_rows import FIELDS, Field, check_mapping, draft_of, guess, told, values_of
from lms.deals.services.registering import Draft, check_draft, register_deal
from lms.events.services import emit
from lms.partners.models import Membership, Partner
from lms.partners.services.memberships import lock_partner

BOUNDS = Bounds(max_bytes=2_000_000, max_rows=5_000)
LOOKED_AT_ONCE = 200
KEPT_DAYS = 90
_JUDGED = ("outcome", "message", "deal", "partner", "name_key", "domain_key", "country", "product")

logger = logging.getLogger("laurel.deals")


@transaction.atomic
def ask_import(*, partner: Partner | None, data: bytes, name: str, by: User, at: datetime) -> DealImport:
    """Takes the rows of a file in. Nothing of them is judged before its columns are named.

    `partner` None: each row names its partner. Raises NotYourMove, and UnsafeInput for a file that is no table or more
    than `BOUNDS`.
    """
    _require_right(by, partner)
    table = read_table(data, BOUNDS)
    made = DealImport.objects.create(
        partner=partner,
        name=clean_name(name)[:150] or "deals",
        headings=list(table.headings),
        mapping=guess(table.headings),
        asked_by=by,
        asked_at=at,
        total=len(table.lines),
    )
    DealImportRow.objects.bulk_create(
        (
            DealImportRow(deal_import=made, number=number, line=line.number, cells=list(line.cells))
            for number, line in enumerate(table.lines)
        ),
        batch_size=500,
    )
    record_audit(action="deals.ask_import", actor=by, at=at, target=made, detail={"rows": made.total})
    return made


def _require_right(by: User, partner: Partner | None) -> None:
    if not (by.is_active and by.has_perm("deals.import_deals", partner)):
        raise NotYourMove("A manager of the partner, or our channel managers, import deals. Nothing was changed.")


def fields_of(deal_import: DealImport) -> tuple[Field, ...]:
    """What its rows say; of a partner's own file not whose they are."""
    return FIELDS if deal_import.partner_id is None else tuple(one for one in FIELDS if one.name != "partner")


@transaction.atomic
def map_columns(*, deal_import: DealImport, mapping: Mapping[str, str], by: User, at: datetime) -> DealImport:
    """Names the columns, and has every row looked at (again). Raises NotYourMove, BadFile, and IllegalMove for a file
    that is being imported. Emits DealImportDue.
    """
    _require_right(by, deal_import.partner)
    fields = fields_of(deal_import)
    check_mapping(mapping, width=len(deal_import.headings), fields=fields)
    job = _locked(deal_import.public_id)
    if job is None or job.confirmed_at is not None:
        raise IllegalMove("This file is imported already. Nothing was changed.")
    job.mapping = {field.name: mapping[field.name] for field in fields if mapping.get(field.name)}
    job.round, job.done, job.looked_at = job.round + 1, 0, None
    job.save(update_fields=["mapping", "round", "done", "looked_at"])
    job.rows.update(outcome=RowOutcome.UNREAD, message="", deal=None, partner=None, name_key="", domain_key="")
    emit(DealImportDue(at=at, import_id=job.public_id, round=job.round, start=0, is_dry_run=True))
    return job


def _locked(import_id: UUID) -> DealImport | None:
    jobs = DealImport.objects.select_related("asked_by", "partner").select_for_update(of=("self",))
    return jobs.filter(public_id=import_id).first()


@transaction.atomic
def confirm_import(*, deal_import: DealImport, by: User, at: datetime) -> bool:
    """Has the good rows of a file that was looked at registered; a repeat does nothing and returns False.

    Raises NotYourMove, and BadFile where no row is good. Emits DealImportDue.
    """
    _require_right(by, deal_import.partner)
    if not deal_import.rows.filter(outcome__in=GOOD).exists() and deal_import.confirmed_at is None:
        raise BadFile("No row of this file can be registered. Nothing was changed.")
    waiting = DealImport.objects.filter(pk=deal_import.pk, confirmed_at=None, looked_at__isnull=False)
    if waiting.update(confirmed_at=at, done=0) != 1:
        return False
    emit(DealImportDue(at=at, import_id=deal_import.public_id, round=deal_import.round, start=0, is_dry_run=False))
    record_audit(action="deals.confirm_import", actor=by, at=at, target=deal_import)
    return True


@transaction.atomic
def discard_import(*, deal_import: DealImport, by: User, at: datetime) -> None:
    """Forgets a file of which nothing was registered. Raises NotYourMove, and IllegalMove once it is being imported."""
    _require_right(by, deal_import.partner)
    job = _locked(deal_import.public_id)
    if job is None:
        return
    if job.confirmed_at is not None:
        raise IllegalMove("This file is imported already. Nothing was changed.")
    record_audit(action="deals.discard_import", actor=by, at=at, target=job)
    job.delete()


@transaction.atomic
def continue_import(*, import_id: UUID, round_: int, start: int, is_dry_run: bool, at: datetime) -> bool:
    """Does the next rows and asks for those after them. Locks the import; a repeat does nothing and returns False.

    Each row succeeds or is refused by itself, with its reason. Emits DealImportDue, and DealsImported at the end.
    """
    job = _locked(import_id)
    if job is None or not job.is_running or (job.round, job.done, job.is_dry_run) != (round_, start, is_dry_run):
        return False
    rows = job.rows.filter(number__gte=start).order_by("number")
    if is_dry_run:
        batch = list(rows[:LOOKED_AT_ONCE])
        _look_at(job, batch, at)
    else:
        batch = list(rows.filter(outcome__in=GOOD)[:1])
        for row in batch:
            _register(job, row, at)
    job.done = batch[-1].number + 1 if batch else job.total
    if batch and (not is_dry_run or job.done < job.total):
        emit(DealImportDue(at=at, import_id=import_id, round=round_, start=job.done, is_dry_run=is_dry_run))
    elif is_dry_run:
        job.looked_at = at
    else:
        job.finished_at = at
        emit(DealsImported(at=at, import_id=import_id))
    job.save(update_fields=["done", "looked_at", "finished_at"])
    return True


# --- One row ---


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a row asks for."""

    partner: Partner
    owner: User
    draft: Draft
    version: EngagementRules

    @property
    def request_key(self) -> UUID:
        """The same for the same content of one partner, in whatever file it stands."""
        return uuid5(NAMESPACE_URL, f"laurel:import:{self.partner.public_id}:{self.draft.digest()}")


def _read(job: DealImport, row: DealImportRow, at: datetime, known: dict[int, EngagementRules]) -> _Asked:
    """Raises BadDeal and the refusals of `rules_for`. `known` holds the rules of partners that were asked for already:
    in one transaction they stay what they are.
    """
    values = values_of(row.cells, job.mapping)
    partner = job.partner or _partner(values.get("partner", ""), job.asked_by)
    if partner.pk not in known:
        known[partner.pk] = rules_for(partner=partner, at=at)
    version = known[partner.pk]
    rules = version.rules
    owner = _owner(partner, values.get("registered_by", ""), job.asked_by, at)
    return _Asked(partner=partner, owner=owner, draft=draft_of(values, rules), version=version)


def _partner(text: str, by: User) -> Partner:
    named = Partner.objects.visible_to(by).filter(Q(slug=text.lower()) | Q(name__iexact=text))
    found = list(named[:2]) if text else []
    if len(found) != 1:
        raise BadDeal("partner", f"There is no partner “{text[:60]}”." if text else "This is needed.")
    return found[0]


def _owner(partner: Partner, email: str, by: User, at: datetime) -> User:
    """Who is named; else who imports, if he is of the partner; else the partner's first manager. Raises BadDeal."""
    members = Membership.objects.active(at.date()).filter(partner=partner, person__is_active=True)
    if email:
        found = members.filter(person__email=email.lower())
    elif members.filter(person=by).exists():
        return by
    else:
        found = members.filter(role=Membership.Role.MANAGER)
    membership = found.select_related("person").order_by("pk").first()
    if membership is None:
        raise BadDeal("registered_by", f"Nobody of {partner.name} could look after the deal.")
    return membership.person


def _earlier(asked: _Asked) -> Deal | None:
    """The deal that this very row became before, in whatever state it is now and whoever imported it."""
    return Deal.objects.filter(partner=asked.partner, request_key=asked.request_key).order_by("pk").first()


def _look_at(job: DealImport, rows: list[DealImportRow], at: datetime) -> None:
    """Judges rows without registering them. What another partner has registered is told to the vendor's people only:
    a file of guesses must not tell a partner who works with whom.
    """
    planned: dict[int, int] = defaultdict(int)
    good = job.rows.filter(outcome__in=GOOD).order_by().values("partner").annotate(count=Count("pk"))
    planned.update(good.values_list("partner", "count"))
    tells_of_others = job.asked_by.has_perm("deals.view_queue")
    before: list[DealImportRow] = []
    known: dict[int, EngagementRules] = {}
    for row in rows:
        try:
            _judge(job, row, planned, before, known, tells_of_others, at)
        except DomainError as error:
            _refuse(row, error)
        if row.outcome in GOOD:
            assert row.partner_id is not None  # noqa: S101  a good row has its partner
            planned[row.partner_id] += 1
            before.append(row)
    DealImportRow.objects.bulk_update(rows, _JUDGED)


def _judge(
    job: DealImport,
    row: DealImportRow,
    planned: Mapping[int, int],
    before: list[DealImportRow],
    known: dict[int, EngagementRules],
    tells_of_others: bool,
    at: datetime,
) -> None:
    asked = _read(job, row, at, known)
    row.partner = asked.partner
    earlier = _earlier(asked)
    if earlier is not None:
        _mark_duplicate(row, earlier, "It was imported before.")
        return
    try:
        _, fields = check_draft(
            partner=asked.partner,
            owner=asked.owner,
            draft=asked.draft,
            at=at,
            besides=planned.get(asked.partner.pk, 0),
            version=asked.version,
        )
    except AlreadyRegistered as error:
        _mark_duplicate(row, Deal.objects.get(public_id=error.public_id), error.message)
        return
    row.name_key, row.domain_key = fields["name_key"], fields["domain_key"]
    row.country, row.product = fields["customer_country"], fields["product"]
    same = _same_in_file(job, row, before)
    if same is not None:
        row.outcome, row.message = RowOutcome.DUPLICATE, f"The same customer and product as in row {same.line}."
    elif tells_of_others and _is_contested(row):
        row.outcome, row.message = RowOutcome.CONFLICT, "Somebody else holds this customer, or we work with him."
    else:
        row.outcome, row.message = RowOutcome.NEW, ""


def _same_in_file(job: DealImport, row: DealImportRow, before: list[DealImportRow]) -> DealImportRow | None:
    """An earlier good row of the same partner, customer and product: in this batch, or in one before it."""
    same = Q(name_key=row.name_key, country=row.country)
    if row.domain_key:
        same |= Q(domain_key=row.domain_key)
    stored = job.rows.filter(same, outcome__in=GOOD, partner=row.partner, product=row.product, number__lt=row.number)
    for one in before:
        is_same = (one.name_key, one.country) == (row.name_key, row.country) or (
            row.domain_key != "" and one.domain_key == row.domain_key
        )
        if is_same and (one.partner_id, one.product) == (row.partner_id, row.product):
            return one
    return stored.order_by("number").first()


def _is_contested(row: DealImportRow) -> bool:
    keys = {"name_key": row.name_key, "country": row.country, "domain_key": row.domain_key}
    held = Deal.objects.holding().of_customer(**keys).filter(product=row.product).exclude(partner=row.partner)
    return held.exists() or VendorAccount.objects.of_customer(**keys).exclude(relation="lost").exists()


def _register(job: DealImport, row: DealImportRow, at: datetime) -> None:
    """Registers a row, in a savepoint: what refuses it, also a fault of ours, is its own."""
    try:
        with transaction.atomic():
            _require_right(job.asked_by, job.partner)
            asked = _read(job, row, at, {})
            lock_partner(asked.partner)
            earlier = _earlier(asked)
            if earlier is not None:
                _mark_duplicate(row, earlier, "It was imported before.")
            else:
                row.deal = register_deal(
                    partner=asked.partner,
                    by=job.asked_by,
                    owner=asked.owner,
                    draft=asked.draft,
                    request_key=asked.request_key,
                    at=at,
                    origin=Origin.FILE,
                )
                row.outcome, row.message = RowOutcome.CREATED, row.deal.get_state_display()
    except AlreadyRegistered as error:
        _mark_duplicate(row, Deal.objects.get(public_id=error.public_id), error.message)
    except DomainError as error:
        _refuse(row, error)
    except Exception:
        logger.exception("row %s of import %s was given up", row.line, job.public_id)
        row.outcome, row.message, row.deal = RowOutcome.REFUSED, "It could not be worked on. Try it by hand.", None
    row.save(update_fields=list(_JUDGED))


def _mark_duplicate(row: DealImportRow, deal: Deal, message: str) -> None:
    row.outcome, row.deal, row.message = RowOutcome.DUPLICATE, deal, message


def _refuse(row: DealImportRow, error: DomainError) -> None:
    words = told(error) if isinstance(error, BadDeal) else error.message
    if isinstance(error, NotAMember):
        words = "The partner is suspended, or nobody of it could look after the deal."
    row.outcome, row.message, row.deal = RowOutcome.REFUSED, words[:500], None


# --- What is told ---


def counts_of(deal_import: DealImport) -> dict[str, int]:
    """How many rows have each outcome. One query."""
    counted = deal_import.rows.order_by().values("outcome").annotate(count=Count("pk"))
    return dict.fromkeys(RowOutcome.values, 0) | dict(counted.values_list("outcome", "count"))


@transaction.atomic
def forget_imports(*, at: datetime) -> int:
    """Forgets files, with their rows, that were uploaded more than 90 days ago; deals stay. Returns how many."""
    old = DealImport.objects.filter(asked_at__lt=at - timedelta(days=KEPT_DAYS))
    count = old.count()
    old.delete()
    return count
