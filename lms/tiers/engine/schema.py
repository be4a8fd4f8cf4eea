"""The published JSON schema of programme documents (schema.json), for editors and other systems.

The engine's own reader is the authority: it finds more (references, contradictions) and says it with line numbers. A
test holds the two together.
"""

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any


@cache
def load() -> dict[str, Any]:
    """The schema, JSON Schema 2020-12."""
    schema: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))
    return schema


def plain(value: Any) -> Any:
    """A document as JSON has it: exact decimals become floats."""
    if isinstance(value, dict):
        return {str(name): plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return float(value) if isinstance(value, Decimal) else value
