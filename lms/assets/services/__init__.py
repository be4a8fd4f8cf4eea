"""Every write of the asset library, and the figures others may read."""

from lms.assets.errors import AssetChanged, BadAsset, BadFile, NotAvailable
from lms.assets.services.copy_holders import copies_in_hand
from lms.assets.services.figures import (
    Evidence,
    SourceShare,
    UseRow,
    evidence_of,
    suggest,
    use_by_source,
    use_of,
)
from lms.assets.services.keeping import (
    Aim,
    add_version,
    fingerprint,
    restore_asset,
    retire_asset,
    review_asset,
    save_asset,
    withdraw_asset,
)
from lms.assets.services.notices import copies_of, note_pages, send_letters, still_true
from lms.assets.services.reminding import note_lapses, note_reviews
from lms.assets.services.searching import answer_miss, note_miss, reopen_miss
from lms.assets.services.using import note_use
from lms.assets.services.verdicts import decide

__all__ = [
    "Aim",
    "AssetChanged",
    "BadAsset",
    "BadFile",
    "Evidence",
    "NotAvailable",
    "SourceShare",
    "UseRow",
    "add_version",
    "answer_miss",
    "decide",
    "evidence_of",
    "fingerprint",
    "copies_in_hand",
    "copies_of",
    "note_lapses",
    "note_miss",
    "note_pages",
    "note_reviews",
    "note_use",
    "send_letters",
    "still_true",
    "reopen_miss",
    "restore_asset",
    "retire_asset",
    "review_asset",
    "save_asset",
    "suggest",
    "use_by_source",
    "use_of",
    "withdraw_asset",
]
