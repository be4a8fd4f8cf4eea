"""Why a template, a brand, a logo or a master file cannot be used."""

from lms.common.errors import DomainError


class TemplateRefused(DomainError):
    """Zones that do not describe a page. The message names each zone and what is wrong with it."""

    code = "template_refused"
    status = 400


class TemplateChanged(DomainError):
    """Somebody else changed the zones, or the file below them, meanwhile."""

    code = "template_changed"


class BrandRefused(DomainError):
    """A brand that cannot be printed: a colour that is none, words on a colour that nobody can read."""

    code = "brand_refused"
    status = 400


class LogoUnreadable(DomainError):
    """Not a picture that can be printed."""

    code = "logo_unreadable"
    status = 400


class MasterUnusable(DomainError):
    """A file that no copy can be made of: broken, encrypted, signed."""

    code = "master_unusable"
    status = 400


class DrawingBusy(DomainError):
    """As many pages are being drawn on this machine as it can bear. Nothing is wrong with the file."""

    code = "drawing_busy"
    status = 503
    retry_after = 10  # seconds


class BrandMissing(DomainError):
    """The partner has not said yet what to print."""

    code = "brand_missing"


class CopyRefused(DomainError):
    """No copy can be made of this asset now, or not by this person."""

    code = "copy_refused"


class TooManyCopies(DomainError):
    """A partner made as many copies in a day, or keeps as many bytes of them, as are allowed."""

    code = "too_many_copies"
    status = 429
