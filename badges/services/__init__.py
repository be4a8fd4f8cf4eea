"""Every write about badges: keys, achievements and pathways, awards."""

from badges.services.achievements import save_achievement, save_issuer, save_pathway
from badges.services.awarding import award_badge, award_pathways, token_of
from badges.services.handing import copy_with_address, handed_out, picture_for_older_sites
from badges.services.keyring import issuer_key, private_key, reseal_keys, rotate_key
from badges.services.pictures import MAX_UPLOAD_BYTES, drawn, picture_of, svg_of, uploaded
from badges.services.publishing import has_list, status_list, status_list_token
from badges.services.ways import Way, ways

__all__ = [
    "MAX_UPLOAD_BYTES",
    "Way",
    "award_badge",
    "award_pathways",
    "copy_with_address",
    "drawn",
    "handed_out",
    "has_list",
    "issuer_key",
    "picture_for_older_sites",
    "picture_of",
    "private_key",
    "reseal_keys",
    "rotate_key",
    "save_achievement",
    "save_issuer",
    "save_pathway",
    "status_list",
    "status_list_token",
    "svg_of",
    "token_of",
    "uploaded",
    "ways",
]
