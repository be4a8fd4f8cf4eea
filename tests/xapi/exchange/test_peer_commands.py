"""`manage.py xapi forward` and `pull` as a stranger types them."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from lms.xapi.models import ForwardingTarget, PullSource
from lms.xapi.services import platform_authority, record
from tests.xapi.factories import statement

pytestmark = pytest.mark.django_db


def xapi(*words: str) -> str:
    out = io.StringIO()
    call_command("xapi", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def add(peer, monkeypatch):
    monkeypatch.setenv("XAPI_PEER_SECRET", "s3cret")

    def make(command, *more):
        return xapi(command, "add", "Warehouse", "--address", peer.url, "--key", "k", *more)

    return make


@pytest.mark.parametrize("command", ["forward", "pull"])
def test_help_is_written_for_strangers(command, capsys):
    for words in ([command, "--help"], [command, "add", "--help"]):
        with pytest.raises(SystemExit):
            call_command("xapi", *words)
        said = capsys.readouterr().out
        assert "record stores" in said or "XAPI_PEER_SECRET" in said


def test_target_with_all_its_options(add):
    platform_authority()
    verb, thing = "https://x.example/verbs/sang", "https://x.example/songs/1"
    said = add(
        *("forward", "--verb", verb, "--activity", thing, "--authority", "Platform", "--trusted-only"),
        *("--persona-free", "--version", "2.0.0", "--since", "2020-01-01T00:00:00Z"),
    )
    assert said.startswith("Warehouse is added.")
    target = ForwardingTarget.objects.get()
    assert (target.verbs, target.activities, target.version) == ([verb], [thing], "2.0.0")
    assert (target.is_trusted_only, target.is_persona_free, target.secret) == (True, True, "s3cret")
    assert [authority.name for authority in target.authorities.all()] == ["Platform"]


def test_secret_is_asked_for_where_the_environment_has_none(add, peer, monkeypatch):
    monkeypatch.delenv("XAPI_PEER_SECRET")
    monkeypatch.setattr("lms.xapi.commands.peers.getpass", lambda _: "typed")
    add("forward")
    assert ForwardingTarget.objects.get().secret == "typed"


@pytest.mark.parametrize(
    "words, reason",
    [
        (["--authority", "Nobody"], "no authority named Nobody"),
        (["--since", "yesterday"], "not a point in time"),
        (["--version", "3"], "The version is one of"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(add, words, reason):
    with pytest.raises(CommandError, match=reason):
        add("forward", *words)
    assert not ForwardingTarget.objects.exists()


def test_unknown_name_is_said(db):
    with pytest.raises(CommandError, match="no store named Nowhere"):
        xapi("forward", "pause", "Nowhere")


def test_list_shows_where_each_stands(add, peer, now):
    add("forward")
    record([statement()], authority=platform_authority(), at=now)
    peer.fail = (503, {})
    assert "It answered 503" in xapi("forward", "run")
    shown = xapi("forward", "list")
    assert "Warehouse  failing" in shown
    assert "503" in shown
    (row,) = json.loads(xapi("forward", "list", "--json"))
    assert (row["name"], row["state"], row["dead_letters"]) == ("Warehouse", "failing", 0)
    assert "s3cret" not in shown + json.dumps(row)
    xapi("forward", "pause", "Warehouse")
    assert "Warehouse  paused" in xapi("forward", "list")
    with pytest.raises(CommandError, match="Not everything"):
        xapi("forward", "run", "Warehouse")


def test_dead_letters_are_listed_and_sent_again(add, peer, now):
    add("forward")
    (sent,) = record([statement()], authority=platform_authority(), at=now)
    peer.refuse = lambda _: 400
    assert "0 sent, 1 refused for good." in xapi("forward", "run", "Warehouse")
    assert f"{sent}  400: /{sent}: not that one" in xapi("forward", "dead", "Warehouse")
    assert "1 dead letters" in xapi("forward", "list")
    peer.refuse = lambda _: 0
    assert xapi("forward", "retry", "Warehouse") == "1 taken now, 0 refused again.\n"
    assert "gets everything stored since" in xapi("forward", "replay", "Warehouse", "--since", "2020-01-01T00:00:00Z")
    assert "1 sent" in xapi("forward", "run", "Warehouse")


def test_sources_are_added_run_and_removed(add, peer):
    add("pull", "--authority", "Old academy", "--trusted", "--since", "2020-01-01T00:00:00Z")
    source = PullSource.objects.get()
    assert (source.authority.name, source.authority.is_trusted) == ("Old academy", True)
    assert source.since == "2020-01-01T00:00:00Z"
    assert xapi("pull", "run", "Warehouse") == "Warehouse: 0 fetched, 0 refused for good.\n"
    assert xapi("pull", "run") == "Warehouse: 0 fetched, 0 refused for good.\n"
    assert xapi("pull", "dead", "Warehouse") == ""
    xapi("pull", "remove", "Warehouse")
    assert not PullSource.objects.exists()
