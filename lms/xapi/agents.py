"""Agents: our people and partners as xAPI knows them, and the keys by which agents, verbs and activities are found."""

import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Protocol
from uuid import UUID

import tincan
from django.conf import settings

from lms.accounts.models import User

IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")


class PartnerLike(Protocol):
    """What a team needs to be known by; `lms.partners` stands on a higher floor."""

    @property
    def public_id(self) -> UUID: ...

    @property
    def name(self) -> str: ...


def person_agent(user: User) -> tincan.Agent:
    """A person by account: the site's base and his public id. No name and no address enters a statement."""
    return tincan.Agent(account=_account(user.public_id))


def team_group(partner: PartnerLike) -> tincan.Group:
    """A partner as an identified group without members."""
    group = tincan.Group(name=partner.name, account=_account(partner.public_id))
    del group.member  # tincan would write an empty list
    return group


def _account(public_id: UUID) -> tincan.AgentAccount:
    return tincan.AgentAccount(home_page=settings.XAPI_BASE_IRI, name=str(public_id))


def actor_key(agent: tincan.Agent | Mapping[str, Any]) -> UUID:
    """The 128-bit key of an agent or group, from its inverse functional identifier.

    Two agents have one key exactly when the specification calls them the same. An anonymous group, which is the same
    as no other, gets the key of its own JSON.
    """
    if isinstance(agent, tincan.Agent):
        agent = agent.as_version()
    assert isinstance(agent, Mapping)  # noqa: S101  narrows the type for the checker
    if account := agent.get("account"):
        home, name = account["homePage"], account["name"]
        return (_kept_key if len(home) + len(name) < _LONGEST_KEPT else digest_key)("account", home, name)
    for name in ("mbox", "mbox_sha1sum", "openid"):
        if name in agent:
            return digest_key(name, agent[name])
    return digest_key("anonymous", json.dumps(agent, sort_keys=True))


def activity_key(iri: str) -> UUID:
    """The 128-bit key of an activity."""
    return _kept_key("activity", iri) if len(iri) < _LONGEST_KEPT else digest_key("activity", iri)


def verb_key(iri: str) -> UUID:
    """The 128-bit key of a verb."""
    return _kept_key("verb", iri) if len(iri) < _LONGEST_KEPT else digest_key("verb", iri)


def account_id(agent: Mapping[str, Any]) -> UUID | None:
    """The public id in an account of ours; None for everybody else's agents."""
    account = agent.get("account") or {}
    if account.get("homePage") != settings.XAPI_BASE_IRI:
        return None
    try:
        return UUID(account["name"])
    except ValueError:
        return None


def digest_key(*parts: str) -> UUID:
    """The 128-bit key of anything that a few strings identify."""
    return UUID(bytes=blake2b("\0".join(parts).encode(), digest_size=16).digest())


# Those of short strings, which come again, are kept.
_LONGEST_KEPT = 300
_kept_key = lru_cache(maxsize=20_000)(digest_key)
