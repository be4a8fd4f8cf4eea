"""The site as it stands before the first page is written: root, roles, collection, workflow."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from wagtail.models import (
    Collection,
    GroupApprovalTask,
    GroupCollectionPermission,
    GroupPagePermission,
    Page,
    Site,
    Workflow,
    WorkflowPage,
    WorkflowTask,
)

from cms.models import LibraryPage
from cms.models.media import MEDIA_COLLECTION
from lms.accounts.models import User

AUTHORS = "Channel marketing"
REVIEWERS = "Content reviewers"
CHANNEL_MANAGERS = "Channel managers"
PORTAL_MANAGERS = "Portal managers"
PAGE_PERMISSIONS = {
    AUTHORS: ["add_page", "change_page"],
    REVIEWERS: ["change_page", "publish_page"],
    PORTAL_MANAGERS: ["add_page", "change_page", "publish_page", "lock_page", "unlock_page", "bulk_delete_page"],
}
MEDIA_PERMISSIONS = ["add_image", "change_image", "choose_image", "add_document", "change_document", "choose_document"]
WORKFLOW = "Content review"


def library() -> LibraryPage:
    """The page all pages for partners stand under. Raises DoesNotExist before `set_up_site`."""
    page: LibraryPage = LibraryPage.objects.get()
    return page


@transaction.atomic
def set_up_site(*, by: User | None = None) -> LibraryPage:
    """Makes what is missing of root page, site, roles with their permissions, media collection and workflow.

    Idempotent; leaves alone what the site's people have changed since, except the permissions of the four roles.
    """
    page = LibraryPage.objects.first() or _add_library(by)
    _set_up_site_record(page)
    _set_up_roles(page, _media_collection())
    _set_up_workflow(page)
    return page


def _add_library(by: User | None) -> LibraryPage:
    root = Page.get_first_root_node()
    page: LibraryPage = root.add_child(instance=LibraryPage(title="Library", slug="library", owner=by))
    return page


def _set_up_site_record(page: LibraryPage) -> None:
    address = urlsplit(settings.SITE_URL)
    site = Site.objects.filter(is_default_site=True).first() or Site(is_default_site=True)
    port = address.port or (443 if address.scheme == "https" else 80)
    wanted = {
        "root_page_id": page.pk,
        "hostname": address.hostname or "localhost",
        "port": port,
        "site_name": settings.SITE_NAME,
    }
    if any(getattr(site, name) != value for name, value in wanted.items()):
        for name, value in wanted.items():
            setattr(site, name, value)
        site.save()
    # Wagtail's own migration leaves a welcome page and two groups that nothing here uses.
    Page.objects.filter(depth=2, slug="home", content_type__model="page", numchild=0).delete()
    Group.objects.filter(name__in=["Moderators", "Editors"], user=None).delete()


def _media_collection() -> Collection:
    found = Collection.objects.filter(name=MEDIA_COLLECTION).first()
    return found or Collection.get_first_root_node().add_child(name=MEDIA_COLLECTION)


def _set_up_roles(page: LibraryPage, media: Collection) -> None:
    entrance = Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin")
    Group.objects.get_or_create(name=CHANNEL_MANAGERS)
    for name, codenames in PAGE_PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(entrance)
        wanted = Permission.objects.filter(content_type__app_label="wagtailcore", codename__in=codenames)
        GroupPagePermission.objects.filter(group=group).exclude(page=page, permission__in=wanted).delete()
        for permission in wanted:
            GroupPagePermission.objects.get_or_create(group=group, page=page, permission=permission)
        for permission in Permission.objects.filter(
            content_type__app_label__in=["wagtailimages", "wagtaildocs"], codename__in=MEDIA_PERMISSIONS
        ):
            GroupCollectionPermission.objects.get_or_create(group=group, collection=media, permission=permission)


def _set_up_workflow(page: LibraryPage) -> None:
    workflow, is_new = Workflow.objects.get_or_create(name=WORKFLOW)
    if is_new:
        task = GroupApprovalTask.objects.create(name=WORKFLOW)
        task.groups.add(Group.objects.get(name=REVIEWERS))
        WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=0)
    if not WorkflowPage.objects.filter(page=page).exists():
        WorkflowPage.objects.create(page=page, workflow=workflow)
