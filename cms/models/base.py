"""What every page for partners has: whom it is for, who keeps it true, and until when."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from csp.constants import SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from modelcluster.fields import ParentalManyToManyField
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.models import Page, PageManager
from wagtail.query import PageQuerySet
from wagtail.search import index

from courses.audience import Audience, admits, for_persona, readers_of
from courses.models import Need
from lms.partners.benefits import BenefitField
from lms.partners.models import Persona, today

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class ContentQuerySet(PageQuerySet):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Live pages: all for vendor staff, otherwise those for one of the person's memberships."""
        if not user.is_authenticated:
            return cast("Self", self.none())
        pages = self.live()
        if not user.has_perm("courses.view_all_courses"):
            pages = pages.filter(admits(self.model, readers_of(user)) | self.own(user))
        return cast("Self", pages)

    def own(self, user: "User") -> models.Q:
        """Pages that stay visible to a person whatever their audience becomes."""
        return models.Q(pk__in=[])

    def for_persona(self, persona: Persona) -> Self:
        """Pages that name the persona, or nobody."""
        return cast("Self", self.filter(for_persona(persona)))

    def overdue(self, on: date) -> Self:
        """Past the review date on the day `on`: a gap is better than something wrong (R51)."""
        return cast("Self", self.filter(review_on__lt=on))


class Aimed(models.Model):
    """Whom a page is for. An empty list means everybody; all four must admit a reader."""

    need = models.CharField(max_length=30, choices=Need)
    personas = ParentalManyToManyField("partners.Persona", blank=True, related_name="+")
    partner_types = ParentalManyToManyField("partners.PartnerType", blank=True, related_name="+")
    regions = ParentalManyToManyField("partners.Region", blank=True, related_name="+")
    minimum_tier = models.ForeignKey(
        "partners.TierName", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        abstract = True

    @property
    def audience(self) -> Audience:
        """As the editor has it, saved or not."""
        return Audience(
            personas=tuple(self.personas.all()),
            partner_types=tuple(self.partner_types.all()),
            regions=tuple(self.regions.all()),
            minimum_tier=self.minimum_tier,
        )

    def is_for(self, persona: Persona) -> bool:
        """Whether some partner's person in this persona can see the page."""
        personas = self.audience.personas
        return not personas or persona in personas


class Stewarded(models.Model):
    """Who keeps a page true (R50), and the day by which he must have looked at it again (R49)."""

    content_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", help_text="Keeps this page true"
    )
    review_on = models.DateField(
        "review by", help_text="After this day partners see “being reviewed” until it is published again"
    )

    class Meta:
        abstract = True

    def is_overdue(self, on: date) -> bool:
        return self.review_on < on


class ContentPageForm(WagtailAdminPageForm):
    """Offers the vendor's own people, who hold a role, as owners (a partner's never see this page), and the benefits
    that programmes give."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if owners := self.fields.get("content_owner"):
            owners.queryset = owners.queryset.filter(is_active=True, groups__isnull=False).distinct()
        if benefit := self.fields.get("required_benefit"):
            kept = self.instance.required_benefit
            self.fields["required_benefit"] = BenefitField(kept=kept, help_text=benefit.help_text)


class ContentPage(Aimed, Stewarded, Page):
    """Base of pages for partners: signed in, of the audience, and not overdue."""

    objects: ClassVar[Any] = PageManager.from_queryset(ContentQuerySet)()

    search_fields = [*Page.search_fields, index.SearchField("promise", boost=3)]
    audience_panel = MultiFieldPanel(
        [
            FieldPanel("need"),
            FieldPanel("personas"),
            FieldPanel("partner_types"),
            FieldPanel("regions"),
            FieldPanel("minimum_tier"),
        ],
        heading="Whom it is for (nothing chosen: everybody)",
    )
    steward_panel = MultiFieldPanel([FieldPanel("content_owner"), FieldPanel("review_on")], heading="Who keeps it true")
    promote_panels = [MultiFieldPanel([FieldPanel("slug")], heading="Address")]
    base_form_class = ContentPageForm
    preview_template = ""

    class Meta:
        abstract = True

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page for its audience; sign-in for a visitor, 404 for everybody else, a note while it is reviewed
        and while his partner's tier does not open it."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not type(self).objects.visible_to(request.user).filter(pk=self.pk).exists():
            raise Http404
        if self.is_overdue(today()) and not self.stays_open_to(request.user):
            return TemplateResponse(request, "cms/being_reviewed.html", {"page": self}, status=404)
        if way := self.way_in(request.user, timezone.now()):
            return TemplateResponse(request, "cms/closed.html", {"page": self, "way": way}, status=403)
        response: HttpResponse = super().serve(request, *args, **kwargs)
        return response

    def stays_open_to(self, user: "User") -> bool:
        """Whether the person sees the page even when it is overdue."""
        return user.has_perm("courses.view_all_courses")

    def way_in(self, user: "User", at: datetime) -> str:
        """How a person who may know of the page gets to read it; "" when he does."""
        return ""

    @property
    def preview_modes(self) -> list[tuple[str, str]]:
        """As the author, and as each persona."""
        return [("", "Everything"), *((p.slug, f"As {p.name}") for p in Persona.objects.order_by("position"))]

    @method_decorator(csp_replace({"frame-ancestors": [SELF]}))
    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        """The page as the chosen persona would meet it: the page, or that it is not for him. The editor frames it."""
        may_choose = bool(mode_name) and request.user.has_perm("cms.preview_as_persona")
        persona = Persona.objects.filter(slug=mode_name).first() if may_choose else None
        context = self.get_preview_context(request, mode_name) | {
            "persona": persona,
            "is_hidden": persona is not None and not self.is_for(persona),
        }
        return TemplateResponse(request, self.get_preview_template(request, mode_name), context)
