"""Why a use case about assets is refused."""

from lms.common.errors import DomainError


class BadFile(DomainError):
    """A file that is not taken: of no kind partners get, not what its name says, too large, or harmful."""

    code = "bad_file"
    status = 400


class BadAsset(DomainError):
    """What was written about an asset does not hold together; the message says what to change."""

    code = "bad_asset"
    status = 400


class AssetChanged(DomainError):
    """Somebody else changed the asset after the form was opened. Nothing was kept."""

    code = "asset_changed"


class NotAvailable(DomainError):
    """The file cannot be had today: withdrawn, overdue, expired, or not there yet."""

    code = "not_available"
