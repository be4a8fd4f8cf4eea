from django.apps import AppConfig


class CmsConfig(AppConfig):
    name = "cms"
    verbose_name = "Content"

    def ready(self) -> None:
        from wagtail.models import ReferenceIndex

        from cms import checks, dependants, handlers, lessons, needs, rules  # noqa: F401  registers checks, receivers, permissions
        from cms.models import MediaUse
        from lms.assets import dependants as assets
        from lms.common import lessons as common_lessons
        from lms.common import needs as common_needs

        assets.register(dependants.pages_with)
        common_needs.register(needs.links)
        common_lessons.register(lessons.links)

        ReferenceIndex.register_model(MediaUse)  # the admin tells where a picture is used, and that it must stay
