"""How the engine's dataclasses are stored: as JSON primitives, fractions as text."""

from collections.abc import Mapping
from typing import Any, Self

import msgspec


class Stored:
    """A frozen dataclass that can be kept as JSON."""

    def as_json(self) -> dict[str, Any]:
        """JSON primitives, sets and names always in the same order, from which `from_json` makes an equal object."""
        primitives: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self, enc_hook=str, order="deterministic"))
        return primitives

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The object again. Raises msgspec.ValidationError for what `as_json` did not write."""
        return msgspec.convert(stored, cls, dec_hook=lambda kind, value: kind(value))
