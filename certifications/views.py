"""The holder's certificates, the way to a certification, and verification for strangers."""

import logging
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from certifications import limits, services
from certifications.errors import SigningKeyUnusable
from certifications.forms import LookUpForm
from certifications.models import Certification, Credential
from certifications.progress import progress, way
from certifications.validity import RENEWAL_WINDOW
from lms.accounts.network import network_of
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.common.guards import clean_name
from lms.partners.models import today

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A credential as its pages show it today."""

    credential: Credential
    status: str
    ends_soon: bool

    @classmethod
    def of(cls, credential: Credential) -> "Shown":
        on = today()
        status = credential.status(on)
        ends = credential.expires_on
        is_valid = status == Credential.Status.VALID
        return cls(
            credential=credential,
            status=status.value,
            ends_soon=is_valid and ends is not None and ends <= on + RENEWAL_WINDOW,
        )

    @property
    def tone(self) -> str:
        return "accent" if self.status == "valid" else "warn" if self.status in {"expired", "suspended"} else "danger"

    @property
    def is_in_force(self) -> bool:
        """Whether it may be handed out: also after its last day, when it says so itself."""
        return self.status in {"valid", "expired"}

    @property
    def word(self) -> str:
        return Credential.Status(self.status).label


@login_required
@require_safe
def wallet(request: HttpRequest) -> HttpResponse:
    """What the person holds, and what he is on the way to."""
    person = person_of(request)
    held = Credential.objects.filter(person=person).select_related("certification").order_by("-issued_at", "-pk")
    shown = [Shown.of(credential) for credential in held]
    open_to_him = Certification.objects.visible_to(person).offered().order_by("position", "pk")
    ways = [one for one in way(person, open_to_him, today()) if one.credential is None]
    return render(request, "certifications/wallet.html", {"held": shown, "ways": ways})


@login_required
@require_safe
def credential(request: HttpRequest, public_id: str) -> HttpResponse:
    """The certificate as an object: its picture, status, how to check, share and keep it."""
    return _credential_page(request, _visible(request, public_id))


def _visible(request: HttpRequest, public_id: str) -> Credential:
    visible = Credential.objects.visible_to(request.user).select_related("certification", "award", "replaced_by")
    return get_object_or_404(visible, public_id=public_id)


def _credential_page(request: HttpRequest, found: Credential, *, status: int = 200) -> HttpResponse:
    page = {
        "shown": Shown.of(found),
        "said": found.as_issued,
        "is_own": found.person_id == person_of(request).pk,
        "is_unsigned": status == SigningKeyUnusable.status,
    }
    return render(request, "certifications/credential.html", page, status=status)


@login_required
@require_safe
def pdf(request: HttpRequest, public_id: str) -> HttpResponse:
    """The certificate to download. One that no longer holds is not handed out: 410 with the page that says so. When
    the signing key cannot be used: 503, and the page says that the certificate stands."""
    found = _visible(request, public_id)
    try:
        content = services.certificate_pdf(credential=found, at=timezone.now())
    except DomainError as error:
        logger.warning("The certificate %s is not handed out: %s", public_id, error.message)
        return _credential_page(request, found, status=error.status)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header(True, _file_name(found)) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _file_name(found: Credential) -> str:
    said = found.as_issued
    name = clean_name(f"{said.title} - {said.holder_name}")
    return "".join("_" if character in '\\/:*?"<>|' else character for character in name)[:120] + ".pdf"


@login_required
@require_safe
def certification(request: HttpRequest, slug: str) -> HttpResponse:
    """The way to a certification: its steps with minutes, one button."""
    person = person_of(request)
    found = get_object_or_404(Certification.objects.visible_to(person), slug=slug)
    state = progress(person, found, today())
    shown = Shown.of(state.credential) if state.credential else None
    return render(request, "certifications/certification.html", {"progress": state, "shown": shown})


@require_safe
def verify_form(request: HttpRequest) -> HttpResponse:
    """Where a stranger types in the number of a certificate."""
    form = LookUpForm(request.GET if "number" in request.GET else None)
    if form.is_bound and form.is_valid():
        return _unlisted(redirect("certifications:verify", form.cleaned_data["number"]))
    return _unlisted(render(request, "certifications/verify_form.html", {"form": form}))


@require_safe
def verify(request: HttpRequest, public_id: str) -> HttpResponse:
    """What anybody with the number may know: status, holder's name, title, dates, issuer. Never an address.

    Unknown numbers take the same way and get the same page with 200: a 404 would pass more middleware and its time
    would tell. Limited per network (429).
    """
    wait = limits.seconds_to_wait(network_of(request), timezone.now())
    if wait:
        response = render(request, "429.html", {"retry_after_text": f"{wait} seconds"}, status=429)
        response["Retry-After"] = str(wait)
        return _unlisted(response)
    found = Credential.objects.select_related("certification", "award").filter(public_id=public_id[:64]).first()
    page = {
        "shown": Shown.of(found) if found else None,
        "said": found.as_issued if found else None,
        "number": public_id[:64],
        "checked_at": timezone.now(),
    }
    return _unlisted(render(request, "certifications/verify.html", page))


def _unlisted(response: HttpResponse) -> HttpResponse:
    """For no search engine, no cache, and no Referer that carries the number elsewhere."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
