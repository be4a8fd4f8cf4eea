"""What a joint plan has reached, from what Laurel knows: computed each time, kept nowhere. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from certifications.models import Credential
from lms.deals.models import JointPlan, PlanObjective
from lms.deals.plan_templates import Measure
from lms.deals.services.figures import counted_deals
from lms.partners.models import Partner
from lms.reporting.services import completion_rate


@dataclass(frozen=True, kw_only=True)
class Reached:
    """An objective and what is reached of it. `value` is None where Laurel knows nothing: the objective is not
    measured, the plan has not begun, or nobody was registered for training.
    """

    objective: PlanObjective
    value: Decimal | None

    @property
    def percent(self) -> int | None:
        """Of the target, cut to whole percent, at most 100."""
        target = self.objective.target
        if self.value is None or target is None:
            return None
        return min(100, int(self.value * 100 / target))

    @property
    def is_reached(self) -> bool:
        return self.percent == 100

    @property
    def said(self) -> str:
        """ "2 of 5", "not known yet, of 70%"; empty for one that is not measured."""
        if self.objective.target is None:
            return ""
        target = self.objective.said(self.objective.target)
        return f"not known yet, of {target}" if self.value is None else f"{self.objective.said(self.value)} of {target}"


def reached(plan: JointPlan, objectives: Iterable[PlanObjective], *, at: datetime) -> list[Reached]:
    """Each objective with its measured value, over the plan's days until `at`.

    Deals registered and won as tiers count them, from the first day on; certified people and the completion rate as of
    the last moment. Queries only for what the objectives ask: at most seven, whatever their number.
    """
    rows = list(objectives)
    since, end = plan.span()
    until = min(at, end)
    values = {} if until <= since else _values(plan, rows, since, until)
    return [Reached(objective=row, value=values.get((row.measure, row.currency))) for row in rows]


_OF_DEALS = {Measure.DEALS_REGISTERED, Measure.DEALS_WON, Measure.WON_VALUE}
Values = dict[tuple[str, str], Decimal]


def _values(plan: JointPlan, rows: Iterable[PlanObjective], since: datetime, until: datetime) -> Values:
    """By measure and currency."""
    asked = {(row.measure, row.currency) for row in rows}
    wanted = {measure for measure, _ in asked}
    values: Values = {}
    if wanted & _OF_DEALS:
        counted = counted_deals(partners=[plan.partner], since=since, until=until)[plan.partner_id]
        values[Measure.DEALS_REGISTERED, ""] = Decimal(counted.registered)
        values[Measure.DEALS_WON, ""] = Decimal(counted.won)
        for _, currency in asked:
            values[Measure.WON_VALUE, currency] = counted.won_value.get(currency, Decimal(0))
    if Measure.CERTIFIED in wanted:
        values[Measure.CERTIFIED, ""] = Decimal(certified_people(plan.partner, until - timedelta(microseconds=1)))
    if Measure.COMPLETION in wanted:
        percent = completion_rate(partner=plan.partner, since=since, until=until).percent
        if percent is not None:
            values[Measure.COMPLETION, ""] = Decimal(percent)
    return values


def certified_people(partner: Partner, at: datetime) -> int:
    """People of the partner with a certificate in force at the moment. One query."""
    held = Credential.objects.in_force_at(at).of_people_at(partner, at.date())
    return held.values("person").distinct().count()
