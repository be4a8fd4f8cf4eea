"""Reports: the same figures as a page, a file, a letter and over the API.

A report is built once, by `building`, and every form of it is made from that. Figures of deals (use of deal
registration, the "professor detector": how many certified people touched a deal) belong into
`building.figures_of_deals`.
"""

from lms.portal.reports.building import build, partner_report
from lms.portal.reports.files import FORMATS, as_file
from lms.portal.reports.first import Action, first_things
from lms.portal.reports.model import Basis, Figure, Report, Table

__all__ = [
    "FORMATS",
    "Action",
    "Basis",
    "Figure",
    "Report",
    "Table",
    "as_file",
    "build",
    "first_things",
    "partner_report",
]
