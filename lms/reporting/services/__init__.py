"""Completion figures from trusted statements: keeping the projection, and asking it."""

from lms.reporting.rates import GroupRate, Rate
from lms.reporting.services.figures import (
    completion_rate,
    course_records,
    evidence,
    monthly_rates,
    rates_by_course,
    rates_by_partner,
    rates_by_persona,
)
from lms.reporting.services.projecting import Difference, Rebuild, project_registrations, rebuild

__all__ = [
    "Difference",
    "GroupRate",
    "Rate",
    "Rebuild",
    "completion_rate",
    "course_records",
    "evidence",
    "monthly_rates",
    "project_registrations",
    "rates_by_course",
    "rates_by_partner",
    "rates_by_persona",
    "rebuild",
]
