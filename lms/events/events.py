"""The base of all events, and the register that finds an event's class by its name."""

import dataclasses
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

REGISTER: dict[str, type["Event"]] = {}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened, in the past tense. Fields are ids and primitives: str, int, bool, UUID, datetime.

    Subclass in an app's events.py as a frozen keyword-only dataclass and give it `type = "app.Name"`.
    """

    type: ClassVar[str] = ""
    at: datetime

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.type or REGISTER.setdefault(cls.type, cls).__qualname__ != cls.__qualname__:
            raise TypeError(f"{cls.__name__} needs a type of its own")

    def payload(self) -> dict[str, Any]:
        """The fields as JSON primitives."""
        return {field.name: _primitive(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @staticmethod
    def load(type_: str, payload: dict[str, Any]) -> "Event":
        """The event again, from its stored form. Raises KeyError for a type nobody declares."""
        cls = REGISTER[type_]
        return cls(**{field.name: _value(field.type, payload[field.name]) for field in dataclasses.fields(cls)})


def _primitive(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, tuple):
        return [_primitive(member) for member in value]
    return value


def _value(annotation: Any, stored: Any) -> Any:
    """Turns a stored primitive back: `annotation` is the field's type or its name."""
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    if stored is None:
        return None
    if "tuple" in str(annotation):
        return tuple(UUID(member) if "UUID" in str(annotation) else member for member in stored)
    if "datetime" in name or "datetime" in str(annotation):
        return datetime.fromisoformat(stored)
    if "UUID" in name or "UUID" in str(annotation):
        return UUID(stored)
    return stored
