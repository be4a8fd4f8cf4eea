"""Credentials: made, used, revoked, by service and by command."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from lms.accounts.models import AuditEntry
from lms.xapi.errors import InvalidCredential
from lms.xapi.models import Authority, Credential
from lms.xapi.services import authenticate, create_credential, platform_authority, revoke_credential

pytestmark = pytest.mark.django_db
SCOPES = ["statements/write"]


def test_a_secret_is_shown_once_and_not_kept(now):
    credential, secret = create_credential(name="HR", scopes=SCOPES, at=now)
    assert secret not in json.dumps(Credential.objects.values().get(), default=str)
    assert len(secret) >= 43
    assert authenticate(key=credential.key, secret=secret, at=now) == credential
    assert authenticate(key=credential.key, secret=secret + "x", at=now) is None
    assert authenticate(key="unknown", secret=secret, at=now) is None


def test_an_authority_is_untrusted_unless_said_and_shared_by_name(now):
    first, _ = create_credential(name="HR", scopes=SCOPES, at=now)
    second, _ = create_credential(name="HR again", scopes=SCOPES, authority="HR", is_trusted=True, at=now)
    third, _ = create_credential(name="Webinars", scopes=SCOPES, is_trusted=True, at=now)
    assert first.authority == second.authority
    assert not Authority.objects.get(name="HR").is_trusted  # trust is not taken by naming an authority
    assert third.authority.is_trusted
    assert first.authority.agent["account"] != third.authority.agent["account"]


@pytest.mark.parametrize("scopes", [[], ["everything"], ["statements/write", "profiles"]])
def test_unknown_scopes_are_refused(now, scopes):
    with pytest.raises(InvalidCredential):
        create_credential(name="HR", scopes=scopes, at=now)
    assert not Credential.objects.exists()


def test_nobody_speaks_for_the_platform(now):
    with pytest.raises(InvalidCredential):
        create_credential(name="X", scopes=SCOPES, authority=platform_authority().name, at=now)


def test_expiry_and_revocation_end_it(now):
    credential, secret = create_credential(name="HR", scopes=SCOPES, expires_at=now + timedelta(days=1), at=now)
    assert authenticate(key=credential.key, secret=secret, at=now + timedelta(hours=23)) is not None
    assert authenticate(key=credential.key, secret=secret, at=now + timedelta(days=1)) is None
    assert credential.is_active(now)
    for later in (now, now + timedelta(hours=1)):
        assert revoke_credential(credential=credential, at=later).revoked_at == now
    assert not credential.is_active(now)
    assert authenticate(key=credential.key, secret=secret, at=now) is None
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["xapi.create_credential", "xapi.revoke_credential"]


def test_use_is_noted_at_most_once_a_minute(now):
    credential, secret = create_credential(name="HR", scopes=SCOPES, at=now)
    noted = []
    for seconds in (0, 59, 60, 61):
        authenticate(key=credential.key, secret=secret, at=now + timedelta(seconds=seconds))
        noted.append((Credential.objects.get().last_used_at - now).seconds)
    assert noted == [0, 0, 60, 60]


def run(*arguments):
    out = StringIO()
    call_command("xapi", "credential", *arguments, stdout=out)
    return out.getvalue()


def test_command_prints_key_and_secret_once(now):
    shown = json.loads(
        run(
            *("create", "--name", "HR", "--scopes", "statements/write, statements/read/mine", "--json"),
            *("--trusted", "--actor", '{"mbox": "mailto:ann@x.example"}', "--expires", "2099-01-01T00:00:00Z"),
        )
    )
    credential = Credential.objects.get()
    assert (shown["key"], shown["trusted"], credential.actor_key is None) == (credential.key, True, False)
    assert credential.expires_at.year == 2099
    assert credential.is_secret(shown["secret"])
    listed = run("list") + run("list", "--json")
    assert credential.key in listed
    assert shown["secret"] not in listed


def test_command_prints_for_people_too():
    text = run("create", "--name", "HR", "--scopes", "all/read")
    credential = Credential.objects.get()
    assert f"key       {credential.key}\n" in text
    assert "Store it now." in text
    assert run("revoke", credential.key) == "HR is revoked.\n"
    assert "ended" in run("list")


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "--name", "HR", "--scopes", "everything"),
        ("create", "--name", "HR", "--scopes", "all/read", "--expires", "tomorrow"),
        ("create", "--name", "HR", "--scopes", "all/read", "--actor", "{"),
        ("create", "--name", "HR", "--scopes", "all/read", "--actor", "{}"),
        ("revoke", "unknown"),
    ],
)
def test_command_refuses_in_one_sentence(arguments):
    with pytest.raises(CommandError):
        run(*arguments)
    assert not Credential.objects.exists()
