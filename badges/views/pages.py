"""Pages for people: one's badges, a badge to share, its card for other sites, what it stands for, the verifier."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from badges import documents, services, sharing, standing
from badges.forms import VerifyForm
from badges.models import Achievement, Award
from badges.standing import Standing
from badges.verification import verify as judge
from certifications import limits
from lms.accounts.network import network_of
from lms.accounts.requests import person_of
from lms.common.errors import DomainError

# The card stands in pages of others: no script, no form, nothing but our style and picture.
_CARD = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An award as its pages show it now."""

    award: Award
    state: Standing

    @classmethod
    def of(cls, award: Award) -> "Shown":
        return cls(award=award, state=standing.of_award(award, timezone.now()))

    @property
    def name(self) -> str:
        return str(self.award.document["name"])

    @property
    def tone(self) -> str:
        return {"valid": "accent", "expired": "warn", "suspended": "warn", "revoked": "danger"}[self.state]

    @property
    def word(self) -> str:
        return self.state.value.capitalize()

    @property
    def image_url(self) -> str:
        """Empty for a badge from before there were pictures."""
        return self.picture("svg")

    def picture(self, form: str) -> str:
        digest = self.award.image_digest
        return reverse("badges:image", kwargs={"digest": digest, "form": form}) if digest else ""


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The person's badges, and the pathways they lead to."""
    person = person_of(request)
    at = timezone.now()
    shown = [Shown(award=award, state=state) for award, state in reversed(standing.of_person(person, at))]
    return render(request, "badges/mine.html", {"shown": shown, "ways": services.ways(person, at=at)})


@require_safe
def share(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A badge for whoever has its address: what it says, whether it holds now, and every form of it to download."""
    found = _found(request, public_id)
    if isinstance(found, HttpResponse):
        return found
    page = {
        "shown": found,
        "said": found.award.document,
        "is_own": request.user.is_authenticated and found.award.holder.pk == request.user.pk,
        "share_url": documents.share_url(found.award),
        "picture_url": f"{settings.SITE_URL}{found.picture('png')}" if found.image_url else "",
        "linkedin_url": sharing.linkedin_url(found.award),
        "card_markup": sharing.card_markup(found.award),
    }
    return _unlisted(render(request, "badges/share.html", page))


@require_POST
@login_required
def with_address(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A copy that names its holder by the hash of his address, for him, because he asks for it."""
    made = services.copy_with_address
    return _own_copy(request, public_id, made, "application/vc", "badge-with-address.json")


@require_POST
@login_required
def for_older_sites(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The picture with an Open Badges 2.0 assertion inside, for its holder, because he asks for it."""
    return _own_copy(request, public_id, services.picture_for_older_sites, "image/png", "badge-2.0.png")


def _own_copy(
    request: HttpRequest, public_id: UUID, make: Callable[..., bytes], content_type: str, name: str
) -> HttpResponse:
    person = person_of(request)
    award = get_object_or_404(Award.objects.of_person(person).whole(), public_id=public_id)
    try:
        content = make(award=award, by=person, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("badges:share", public_id)
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


@xframe_options_exempt
@require_safe
def card(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A badge as a small page that may be framed anywhere; it says what holds at this moment."""
    found = _found(request, public_id)
    if isinstance(found, HttpResponse):
        return found
    page = {"shown": found, "share_url": documents.share_url(found.award), "said": found.award.document}
    response = _unlisted(render(request, "badges/card.html", page))
    response["Content-Security-Policy"] = _CARD
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _found(request: HttpRequest, public_id: UUID) -> Shown | HttpResponse:
    """The award, 404 when there is none, and 429 for a network that asks for many that there are not."""
    award = Award.objects.whole().filter(public_id=public_id).first()
    if award is not None:
        return Shown.of(award)
    if (wait := _wait(request)) is not None:
        return wait
    raise Http404


def _wait(request: HttpRequest) -> HttpResponse | None:
    wait = limits.seconds_to_wait(f"badges:{network_of(request)}", timezone.now())
    if not wait:
        return None
    response = render(request, "429.html", {"retry_after_text": f"{wait} seconds"}, status=429)
    response["Retry-After"] = str(wait)
    return _unlisted(response)


@require_safe
def achievement(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What a badge stands for, in words."""
    found = get_object_or_404(Achievement.objects.select_related("image"), public_id=public_id)
    page = {
        "achievement": found,
        "issuer": documents.issuer_profile(),
        "related": found.related.order_by("name"),
    }
    return _unlisted(render(request, "badges/achievement.html", page))


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Judges a badge of anybody's in any form. Limited per network, for it may make us ask other sites."""
    is_asked = request.method == "POST"
    if is_asked and (wait := _wait(request)) is not None:
        return wait
    form, at = VerifyForm(request.POST, request.FILES) if is_asked else VerifyForm(), timezone.now()
    verdict = judge(form.handed_in(), at=at) if form.is_valid() else None
    return _unlisted(render(request, "badges/verify.html", {"form": form, "verdict": verdict, "checked_at": at}))


def _unlisted(response: HttpResponse) -> HttpResponse:
    """For no search engine, no cache, and no Referer that carries the address elsewhere.

    With "no-referrer" a browser would send the forms of these pages with `Origin: null`, which Django refuses.
    """
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    return response
