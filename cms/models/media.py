"""Pictures and files of pages and lessons. They have no public address: `cms.views` serves them by permission."""

import uuid
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from wagtail.documents.models import AbstractDocument, DocumentQuerySet
from wagtail.images.models import AbstractImage, AbstractRendition, Image, ImageQuerySet

from courses.audience import readers_of
from courses.models import CourseVersion

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User

MEDIA_COLLECTION = "Course media"


def _may_see(user: "User | AnonymousUser") -> bool | str:
    """True: every file. A name: files of this collection. False: none."""
    if not user.is_authenticated:
        return False
    if user.has_perm("courses.view_all_courses"):
        return True
    return MEDIA_COLLECTION if readers_of(user) else False


def refuse_replacement(media: "Picture | LibraryFile") -> None:
    """Raises ValidationError when another file is put in the place of one that a published lesson shows."""
    stored = type(media).objects.filter(pk=media.pk).values_list("file", flat=True).first()
    if stored and stored != media.file.name and media.uses.exists():
        raise ValidationError(
            {"file": "Published lessons show this file, and learners are in them. Add the new one beside it instead."}
        )


class PictureQuerySet(ImageQuerySet):
    def visible_to(self, user: "User | AnonymousUser") -> "PictureQuerySet":
        """All for vendor staff; the course media for who belongs to a partner today."""
        scope = _may_see(user)
        return self.filter(collection__name=scope) if isinstance(scope, str) else self if scope else self.none()


class Picture(AbstractImage):
    """An image as uploaded. Pages show renditions of it, never the file itself."""

    admin_form_fields = Image.admin_form_fields

    objects = PictureQuerySet.as_manager()

    def clean(self) -> None:
        super().clean()
        refuse_replacement(self)


class PictureRendition(AbstractRendition):
    """A picture in one size. Made when first shown; replaced, with a new address, when the picture's file changes."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    image = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="renditions")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "filter_spec", "focal_point_key"], name="cms_rendition_once")
        ]

    @property
    def url(self) -> str:
        return reverse("cms:image", args=[self.public_id])


class LibraryFileQuerySet(DocumentQuerySet):
    def visible_to(self, user: "User | AnonymousUser") -> "LibraryFileQuerySet":
        """All for vendor staff; the course media for who belongs to a partner today."""
        scope = _may_see(user)
        return self.filter(collection__name=scope) if isinstance(scope, str) else self if scope else self.none()


class LibraryFile(AbstractDocument):
    """A download, a video or its captions."""

    VIDEO_TYPES = {"mp4": "video/mp4", "webm": "video/webm", "vtt": "text/vtt"}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    admin_form_fields = ("title", "file", "collection", "tags")

    objects = LibraryFileQuerySet.as_manager()

    class Meta(AbstractDocument.Meta):
        verbose_name = "file"
        verbose_name_plural = "files"

    def clean(self) -> None:
        super().clean()
        refuse_replacement(self)

    @property
    def url(self) -> str:
        return reverse("cms:document", args=[self.public_id])

    @property
    def player_url(self) -> str:
        """Where a video or its captions are played from."""
        return reverse("cms:video", args=[self.public_id])

    @property
    def video_type(self) -> str | None:
        """The media type of a video or captions file, None for anything else."""
        return self.VIDEO_TYPES.get(self.file_extension.lower())


class MediaUse(models.Model):
    """A published course version shows a picture or file. While the row stands, neither is deleted or replaced."""

    version = models.ForeignKey(CourseVersion, on_delete=models.PROTECT, related_name="+")
    picture = models.ForeignKey(Picture, null=True, blank=True, on_delete=models.PROTECT, related_name="uses")
    file = models.ForeignKey(LibraryFile, null=True, blank=True, on_delete=models.PROTECT, related_name="uses")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "picture"], name="cms_picture_used_once_per_version"),
            models.UniqueConstraint(fields=["version", "file"], name="cms_file_used_once_per_version"),
            models.CheckConstraint(
                condition=Q(picture__isnull=False, file=None) | Q(picture=None, file__isnull=False),
                name="cms_media_use_is_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return str(self.version)
