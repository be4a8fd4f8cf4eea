"""Password rules beyond Django's own."""

from django.core.exceptions import ValidationError

MAXIMUM_LENGTH = 256
MAXIMUM_POSTED = 4096


class MaximumLengthValidator:
    """Refuses passwords so long that hashing them is work for us."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > MAXIMUM_LENGTH:
            raise ValidationError(
                f"Choose a password of at most {MAXIMUM_LENGTH} characters.", code="password_too_long"
            )

    def get_help_text(self) -> str:
        return f"At most {MAXIMUM_LENGTH} characters."
