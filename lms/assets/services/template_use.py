"""How much is made from templates (R23)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef

from lms.assets.models import Asset, AssetQuerySet, AssetVersion, BrandedCopy, BrandTemplate

COUNTED = timedelta(days=90)
_BRANDABLE = ("application/pdf", "image/png", "image/jpeg")


def with_zones(assets: AssetQuerySet) -> AssetQuerySet:
    """Those whose file in use has a partner's zones."""
    return assets.filter(Exists(BrandTemplate.objects.filter(version=OuterRef("current"))))


def without_zones(assets: AssetQuerySet) -> AssetQuerySet:
    """Those that could have zones and have none: partners can only take them as they are."""
    bare = assets.filter(current__media_type__in=_BRANDABLE)
    return bare.exclude(Exists(BrandTemplate.objects.filter(version=OuterRef("current"))))


def lost_zones(version: AssetVersion | None) -> bool:
    """Whether a file has no zones although an older one of its asset had: partners made copies and cannot any more."""
    if version is None or version.templates.exists():
        return False
    older = BrandTemplate.objects.filter(version__asset=version.asset_id, version__number__lt=version.number)
    return older.exists()


@dataclass(frozen=True, kw_only=True)
class TemplateShare:
    """Of the assets that could be templates, how many are, and what partners made of them of late."""

    templates: int
    uploads: int
    copies: int
    partners: int

    @property
    def percent(self) -> int | None:
        """Templates among all that could be; None of nothing."""
        total = self.templates + self.uploads
        return round(100 * self.templates / total) if total else None


def template_share(*, until: datetime) -> TemplateShare:
    """At `until`, and of the 90 days before it."""
    assets = Asset.objects.available(until.date())
    made = BrandedCopy.objects.filter(made_at__gte=until - COUNTED, made_at__lt=until)
    counted = made.aggregate(copies=Count("pk"), partners=Count("partner", distinct=True))
    return TemplateShare(templates=with_zones(assets).count(), uploads=without_zones(assets).count(), **counted)
