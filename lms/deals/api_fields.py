"""Fields that several serializers of deals share."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field({"type": "string", "pattern": "^[1-9][0-9]{3}-(0[1-9]|1[0-2])$", "example": "2026-11"})
class MonthField(serializers.DateField):
    """A month as "2026-11"; its first day inside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m", input_formats=["%Y-%m"], **options)
