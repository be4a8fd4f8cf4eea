"""Addresses under which holders show badges elsewhere. Pure."""

from urllib.parse import urlencode

from badges import documents
from badges.models import Award

_LINKEDIN = "https://www.linkedin.com/profile/add"


def linkedin_url(award: Award) -> str:
    """Opens LinkedIn's form "add to profile" with the badge filled in; nothing is sent before the holder says so."""
    issued, ends = award.document["validFrom"], award.document.get("validUntil", "")
    said = {
        "startTask": "CERTIFICATION_NAME",
        "name": award.document["name"],
        "organizationName": award.document["issuer"]["name"],
        "issueYear": issued[:4],
        "issueMonth": str(int(issued[5:7])),
        "expirationYear": ends[:4],
        "expirationMonth": str(int(ends[5:7])) if ends else "",
        "certUrl": documents.share_url(award),
        "certId": str(award.public_id),
    }
    return f"{_LINKEDIN}?{urlencode({name: value for name, value in said.items() if value})}"


def card_url(award: Award) -> str:
    return documents.share_url(award) + "card/"


def card_markup(award: Award) -> str:
    """What a holder pastes into a page of his own. Built of our own address and id only: nothing to escape."""
    return f'<iframe src="{card_url(award)}" title="Verified badge" width="340" height="150" loading="lazy"></iframe>'
