"""A badge in each of the forms in which it leaves the house."""

from datetime import datetime

from badges import baking, documents
from badges.models import Award
from badges.services.awarding import token_of
from badges.services.pictures import picture_of, svg_of

FORMS = ("json", "jwt", "png", "svg")


def handed_out(award: Award, form: str, *, at: datetime) -> bytes:
    """The badge as JSON, as token, or baked into its picture; the same bytes each time. Its state is not asked here.

    Raises KeyUnreadable for the token of a badge from before there were tokens.
    """
    if form == "jwt":
        return token_of(award, at=at).encode()
    text = documents.as_text(award.document)
    if form == "json":
        return text.encode()
    picture = picture_of(award)
    if form == "png":
        return baking.bake_png(bytes(picture.png), text)
    return baking.bake_svg(svg_of(picture), text).encode()
