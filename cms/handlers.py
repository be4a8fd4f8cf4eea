"""What follows when Wagtail publishes or withdraws a course page, in the transaction that does it."""

from typing import Any

from django.dispatch import receiver
from django.utils import timezone
from wagtail.log_actions import get_active_log_context
from wagtail.models import Revision
from wagtail.signals import page_published, page_unpublished

from cms import services
from cms.models import CoursePage


@receiver(page_published, sender=CoursePage)
def store_outline(sender: type[CoursePage], instance: CoursePage, revision: Revision, **kwargs: Any) -> None:
    if instance.live:
        publisher = get_active_log_context().user or revision.user
        services.publish_course(page=instance, by=publisher, at=timezone.now())


@receiver(page_unpublished, sender=CoursePage)
def retire_course(sender: type[CoursePage], instance: CoursePage, **kwargs: Any) -> None:
    services.withdraw_course(page=instance, at=timezone.now())
