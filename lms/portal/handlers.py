"""What happens elsewhere and makes the portal write a letter."""

from django.conf import settings
from django.urls import reverse

from lms.common.letters import send_letter
from lms.events.services import subscribe
from lms.portal import reports
from lms.portal.reports.links import end_url
from lms.reporting.events import ReportDue
from lms.reporting.models import ReportLetter
from lms.reporting.services import may_have


@subscribe(ReportDue)
def send_report(event: ReportDue) -> None:
    """The figures, what to do first, and the way to the page. To nobody who may no longer see them."""
    letter = ReportLetter.objects.wanted().filter(public_id=event.letter_id).select_related("person", "partner").first()
    if letter is None or not may_have(letter.person, letter):
        return
    report = reports.build(kind=letter.report, partner=letter.partner, at=event.at)
    may_open = letter.person.has_perm("partners.view_all_partners")
    if letter.partner is not None:
        path = reverse("portal:partner_report", args=[letter.partner.public_id])
    else:
        path = reverse("portal:report", args=[letter.report])
    send_letter(
        to=letter.person.email,
        subject=report.title,
        template="report",
        context={
            "person": letter.person,
            "report": report,
            "first": reports.first_things(report, at=event.at, may_open_partners=may_open),
            "url": settings.SITE_URL + path,
            "end_url": end_url(letter),
            "rhythm": letter.get_rhythm_display().lower(),
        },
    )
