"""Joint plans begun by the real services, on a morning of their own."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from lms.accounts.models import User
from lms.deals import services
from lms.deals.models import JointPlan, PlanObjective
from lms.partners.models import Partner

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def start(partner: Partner, by: User, **changes: Any) -> JointPlan:
    words: dict[str, Any] = {
        "template": "first-deals",
        "title": "Together",
        "starts_on": NOW.date(),
        "months": 3,
        "request_key": uuid4(),
        "at": NOW,
    }
    return services.start_plan(partner=partner, by=by, **(words | changes))


def objective(plan: JointPlan, measure: str) -> PlanObjective:
    return plan.objectives.get(measure=measure)


def log_of(plan: JointPlan) -> list[tuple[str, str]]:
    return list(plan.entries.order_by("number").values_list("what", "text"))
