"""Public numbers of what people show to others."""

import secrets


def unguessable_id() -> str:
    """128 random bits as 22 URL-safe characters: cannot be counted or guessed.

    Begins and ends with a letter or a digit: a command would take a leading hyphen for an option, and who marks an
    address by double click would lose a trailing one.
    """
    while not ((number := secrets.token_urlsafe(16))[0].isalnum() and number[-1].isalnum()):
        pass
    return number
