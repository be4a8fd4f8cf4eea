"""Figures from trusted statements: keeping the projections, and asking them."""

from lms.reporting.rates import GroupRate, Rate
from lms.reporting.services.anew import UsageRebuild, rebuild_usage
from lms.reporting.services.courses import cohorts, drop_off
from lms.reporting.services.figures import (
    completion_rate,
    course_records,
    evidence,
    monthly_rates,
    narrowing,
    rates_by_course,
    rates_by_partner,
    rates_by_persona,
)
from lms.reporting.services.following import Followed, follow_statements
from lms.reporting.services.letters import end_letters, may_have, send_due_reports, want_letters
from lms.reporting.services.projecting import Difference, Rebuild, project_registrations, rebuild
from lms.reporting.services.usage import (
    content_use,
    engagement,
    engagement_by_partner,
    last_whole_month,
    people_use,
    usage_as_of,
    usage_by_period,
)

__all__ = [
    "Difference",
    "Followed",
    "GroupRate",
    "Rate",
    "Rebuild",
    "UsageRebuild",
    "cohorts",
    "completion_rate",
    "content_use",
    "course_records",
    "drop_off",
    "end_letters",
    "engagement",
    "engagement_by_partner",
    "evidence",
    "follow_statements",
    "last_whole_month",
    "may_have",
    "monthly_rates",
    "narrowing",
    "people_use",
    "project_registrations",
    "rates_by_course",
    "rates_by_partner",
    "rates_by_persona",
    "rebuild",
    "rebuild_usage",
    "send_due_reports",
    "usage_as_of",
    "usage_by_period",
    "want_letters",
]
