from django.apps import AppConfig


class CmsConfig(AppConfig):
    name = "cms"
    verbose_name = "Content"

    def ready(self) -> None:
        from wagtail.models import ReferenceIndex

        from cms import checks, handlers, needs, rules  # noqa: F401  registers checks, receivers and permissions
        from cms.models import MediaUse
        from lms.common.needs import register

        register(needs.links)

        ReferenceIndex.register_model(MediaUse)  # the admin tells where a picture is used, and that it must stay
