"""What a document says of credentials and rates by date: retirement, releases, equivalences, multipliers."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from lms.tiers.engine.nodes import Reader
from lms.tiers.engine.nodes.base import Equivalence, Policy
from lms.tiers.engine.nodes.series import read_window


def read_policy(reader: Reader, members: Mapping[str, Any]) -> Policy:
    """`credential_rules`, `releases` and `equivalences`. A credential rule that is a text is words."""
    until: dict[str, date] = {}
    lasts = {}
    for code, rule in reader.mapping(members.get("credential_rules", {}), ("credential_rules",)).items():
        path = ("credential_rules", code)
        if not isinstance(rule, Mapping):
            reader.keep_as_words(f"credential_rules.{code}")
            continue
        inner = reader.mapping(rule, path, optional=frozenset({"counts_until", "counts_for"}))
        if "counts_until" in inner:
            until[code] = reader.day(inner["counts_until"], (*path, "counts_until"))
        if "counts_for" in inner:
            lasts[code] = read_window(reader, inner["counts_for"], (*path, "counts_for"))
    return Policy(
        counts_until=until,
        lasts=lasts,
        releases=_releases(reader, members.get("releases", {})),
        equivalences=_equivalences(reader, members.get("equivalences", [])),
    )


def _releases(reader: Reader, value: Any) -> dict[str, tuple[tuple[date | None, str], ...]]:
    """Per product, oldest first: codes, or codes with the day they came out."""
    found: dict[str, tuple[tuple[date | None, str], ...]] = {}
    for name, given in reader.mapping(value, ("releases",)).items():
        out: list[tuple[date | None, str]] = []
        for index, member in enumerate(reader.members(given, ("releases", name))):
            path = ("releases", name, index)
            if isinstance(member, Mapping):
                inner = reader.mapping(member, path, required=frozenset({"code", "on"}), optional=frozenset())
                out.append(
                    (reader.day(inner.get("on"), (*path, "on")), reader.text(inner.get("code"), (*path, "code")))
                )
            else:
                out.append((None, reader.text(member, path)))
        found[name] = tuple(out)
    return found


def _equivalences(reader: Reader, value: Any) -> tuple[Equivalence, ...]:
    found = []
    for index, member in enumerate(reader.members(value, ("equivalences",))):
        path = ("equivalences", index)
        inner = reader.mapping(member, path, required=frozenset({"held", "counts_as", "for"}), optional=frozenset())
        found.append(
            Equivalence(
                held=reader.text(inner.get("held"), (*path, "held")),
                counts_as=reader.text(inner.get("counts_as"), (*path, "counts_as")),
                lasts=read_window(reader, inner.get("for", {}), (*path, "for")),
            )
        )
    return tuple(found)


def read_rates(reader: Reader, value: Any) -> dict[str, tuple[tuple[date, Fraction], ...]]:
    """Per name, `[{from: 2024-02-27, rate: 0.8}, …]`: the rate in force from a day on; 1 before the first."""
    found = {}
    for name, given in reader.mapping(value, ("rates",)).items():
        steps = []
        for index, member in enumerate(reader.members(given, ("rates", name))):
            path = ("rates", name, index)
            inner = reader.mapping(member, path, required=frozenset({"from", "rate"}), optional=frozenset())
            steps.append((reader.day(inner.get("from"), (*path, "from")), reader.number(inner.get("rate"), path)))
        found[name] = tuple(sorted(steps))
    return found
