"""Sealed texts open for their purpose only, also after the key was changed; answers to needs are asked once each."""

import pytest
from cryptography.fernet import Fernet
from django.test import RequestFactory

from lms.common import needs
from lms.common.sealing import BrokenSeal, seal, unseal


def test_sealed_text_is_unreadable_and_opens_again() -> None:
    sealed = seal("ines@kestrel.example", purpose="letter")
    assert "ines" not in sealed
    assert unseal(sealed, purpose="letter") == "ines@kestrel.example"


@pytest.mark.parametrize("change", ["purpose", "text", "foreign", "empty"])
def test_broken_seal_does_not_open(change: str) -> None:
    sealed = seal("secret", purpose="letter")
    tried = {
        "purpose": sealed,
        "text": sealed[:-4] + "AAAA",
        "foreign": Fernet(Fernet.generate_key()).encrypt(b"secret").decode(),
        "empty": "",
    }[change]
    with pytest.raises(BrokenSeal):
        unseal(tried, purpose="other" if change == "purpose" else "letter")


def test_seal_outlives_a_change_of_key_while_the_old_one_is_known(settings: object) -> None:
    old = settings.SECRET_KEY  # type: ignore[attr-defined]
    sealed = seal("secret", purpose="letter")
    settings.SECRET_KEY = "new" * 20  # type: ignore[attr-defined]
    with pytest.raises(BrokenSeal):
        unseal(sealed, purpose="letter")
    settings.SECRET_KEY_FALLBACKS = [old]  # type: ignore[attr-defined]
    assert unseal(sealed, purpose="letter") == "secret"


def test_providers_of_answers_are_asked_in_their_order_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "_providers", [])

    def first(_: object) -> dict[str, list[needs.NeedLink]]:
        return {"close-a-deal": [needs.NeedLink(title="A", url="/a/")]}

    def second(_: object) -> dict[str, list[needs.NeedLink]]:
        return {"close-a-deal": [needs.NeedLink(title="B", url="/b/")], "get-certified": []}

    for provider in (first, second, first):
        needs.register(provider)
    found = needs.links_for(RequestFactory().get("/"))
    assert [link.title for link in found["close-a-deal"]] == ["A", "B"]
