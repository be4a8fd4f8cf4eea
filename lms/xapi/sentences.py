"""Statements in plain English: "Inès Navarro passed Halden Pre-sales exam, 84%".

Pure: names are given, none are looked up. For people who never saw a statement; what cannot be said shortly is left to
the JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID

from lms.xapi import vocabulary
from lms.xapi.agents import IDENTIFIERS, account_id

Json = Mapping[str, Any]

_DID = {
    vocabulary.REGISTERED: "enrolled in",
    vocabulary.INITIALIZED: "began",
    vocabulary.EXPERIENCED: "looked at",
    vocabulary.PROGRESSED: "went on in",
    vocabulary.COMPLETED: "completed",
    vocabulary.ATTEMPTED: "began",
    vocabulary.ANSWERED: "answered",
    vocabulary.PASSED: "passed",
    vocabulary.FAILED: "did not pass",
    vocabulary.SUBMITTED: "handed in",
    vocabulary.TERMINATED: "closed",
    vocabulary.VOIDED: "voided",
    vocabulary.EARNED: "earned",
    vocabulary.WITHDREW: "withdrew from",
}
SOMEBODY = "Somebody we do not know"
HIDDEN = "A hidden person"
_LESSONS_DONE = "/xapi/extensions/lessons-done"
_LESSONS_TOTAL = "/xapi/extensions/lessons-total"
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """`who` is a name, to be shown in <bdi>; `detail` (a result) may be empty."""

    who: str
    did: str
    what: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.who} {self.did} {self.what}{', ' if self.detail else ''}{self.detail}"


def sentence(statement: Json, names: Mapping[UUID, str], *, nobody: str = "") -> Sentence:
    """What a valid statement says. `names` are those of accounts of ours, by public id; others stay unnamed.

    With `nobody` that is said of everybody else, whatever he is called in the statement.
    """
    return Sentence(
        who=who(statement["actor"], names, nobody),
        did=verb_words(statement["verb"]),
        what=_what(statement["object"], names, nobody),
        detail=_detail(statement),
    )


def accounts(statement: Json) -> set[UUID]:
    """The accounts of ours that a sentence about the statement may name."""
    target = statement["object"]
    parties = [statement["actor"], *statement["actor"].get("member", ())]
    if target.get("objectType") in {"Agent", "Group"}:
        parties.append(target)
    if target.get("objectType") == "SubStatement":
        return {found for party in parties if (found := account_id(party))} | accounts(target)
    return {found for party in parties if (found := account_id(party))}


def who(agent: Json, names: Mapping[UUID, str], nobody: str = "") -> str:
    """An agent or group by name: ours by their account, others by what they are called or by their identifier."""
    public_id = account_id(agent)
    if public_id is not None and agent.get("objectType") != "Group":
        return names.get(public_id, nobody or SOMEBODY)
    if nobody and (public_id is not None or not _is_anonymous(agent)):
        return nobody
    if (name := agent.get("name")) and not nobody:
        return _short(name)
    if "mbox" in agent:
        return _short(agent["mbox"].removeprefix("mailto:"))
    if account := agent.get("account"):
        return _short(account["name"])
    if "openid" in agent:
        return _short(agent["openid"])
    if members := agent.get("member"):
        first = who(members[0], names, nobody)
        return first if len(members) == 1 else f"{first} and {len(members) - 1} more"
    return SOMEBODY


def _is_anonymous(agent: Json) -> bool:
    return not any(name in agent for name in IDENTIFIERS) and bool(agent.get("member"))


def verb_words(verb: Json) -> str:
    """The past tense of our verbs; of others what they say themselves, English first."""
    return _DID.get(verb["id"]) or _short(_english(verb.get("display")) or vocabulary.verb_display(verb["id"]))


def _what(target: Json, names: Mapping[UUID, str], nobody: str) -> str:
    match target.get("objectType", "Activity"):
        case "Activity":
            return _short(_english(target.get("definition", {}).get("name")) or target["id"])
        case "StatementRef":
            return f"the record {target['id']}"
        case "SubStatement":
            return f"“{sentence(target, names, nobody=nobody)}”"
        case _:
            return who(target, names, nobody)


def _detail(statement: Json) -> str:
    """The score as whole percent, cut; else progress; else right or wrong."""
    result = statement.get("result", {})
    score, extensions = result.get("score", {}), result.get("extensions", {})
    if (share := _share(score)) is not None:
        return f"{int(share * 100)}%"
    done, total = (_ending(extensions, name) for name in (_LESSONS_DONE, _LESSONS_TOTAL))
    if isinstance(done, int) and isinstance(total, int):
        return f"{done} of {total} lessons"
    if statement["verb"]["id"] == vocabulary.ANSWERED and "success" in result:
        return "right" if result["success"] else "wrong"
    return ""


def _share(score: Json) -> Fraction | None:
    if "scaled" in score:
        return Fraction(str(score["scaled"]))
    if "raw" in score and score.get("max") and not score.get("min"):
        return Fraction(str(score["raw"])) / Fraction(str(score["max"]))
    return None


def _ending(extensions: Json, name: str) -> Any:
    return next((value for iri, value in extensions.items() if iri.endswith(name)), None)


def _english(words: Mapping[str, str] | None) -> str:
    if not words:
        return ""
    english = next((text for tag, text in words.items() if tag.lower().partition("-")[0] == "en"), None)
    return english or next(iter(words.values()))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
