"""A badge in each of the forms in which it leaves the house."""

import secrets
from datetime import datetime

from django.db import transaction

from badges import baking, documents, hosted, proofs, standing
from badges.errors import NotAllowed
from badges.models import Award
from badges.services.awarding import token_of
from badges.services.keyring import issuer_key, private_key
from badges.services.pictures import picture_of, svg_of
from lms.accounts.models import User
from lms.accounts.services import record_audit

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


@transaction.atomic
def copy_with_address(*, award: Award, by: User, at: datetime) -> bytes:
    """A copy of the badge for its holder, who asks for it, that names him by the salted hash of his e-mail address
    beside his name: other sites match badges to people so. Signed anew and kept nowhere; what is public stays without.

    Writes the audit log. Raises NotAllowed for somebody else, and for a badge that was revoked or is suspended;
    KeyUnreadable.
    """
    _check_own(award, by, at)
    unsigned = {name: member for name, member in award.document.items() if name != "proof"}
    subject = unsigned["credentialSubject"]
    identifiers = [*subject["identifier"], documents.address_identifier(by.email, salt=secrets.token_hex(16))]
    unsigned["credentialSubject"] = {**subject, "identifier": identifiers}
    key = issuer_key(at=at)
    signed = proofs.add_proof(unsigned, key=private_key(key), method=documents.verification_method(key), at=at)
    record_audit(action="badges.copy_with_address", actor=by, at=at, target=award)
    return documents.as_text(signed).encode()


@transaction.atomic
def picture_for_older_sites(*, award: Award, by: User, at: datetime) -> bytes:
    """The badge's picture with its Open Badges 2.0 assertion inside, for its holder, who asks for it. From then on the
    assertion, which names him by the hash of his address, is public at the address that stands in it.

    Writes the audit log. Raises NotAllowed as `copy_with_address`.
    """
    _check_own(award, by, at)
    body = hosted.assertion(award, standing.of_award(award, at), ticket=hosted.ticket_of(award))
    record_audit(action="badges.picture_for_older_sites", actor=by, at=at, target=award)
    return baking.bake_png(bytes(picture_of(award).png), documents.as_text(body), baking.OLD_KEYWORD)


def _check_own(award: Award, by: User, at: datetime) -> None:
    if award.holder.pk != by.pk or standing.of_award(award, at).is_listed:
        raise NotAllowed("Only its holder gets this copy, and only while the badge holds. Nothing was made.")
