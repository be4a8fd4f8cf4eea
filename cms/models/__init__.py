"""Pages and their media. They present; what a learner did stands in `courses` and never points here."""

from cms.models.media import LibraryFile, MediaUse, Picture, PictureRendition
from cms.models.pages import CoursePage, LibraryPage, PlaybookPage

__all__ = ["CoursePage", "LibraryFile", "LibraryPage", "MediaUse", "Picture", "PictureRendition", "PlaybookPage"]
