"""What our lists and forms in the Wagtail admin share."""

from collections.abc import Collection
from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from wagtail.permission_policies import ModelPermissionPolicy

from lms.common.errors import DomainError


class ByRule(ModelPermissionPolicy):
    """`actions` for whoever has the named permission; nothing else for anybody, not even a superuser."""

    def __init__(
        self, model: type[Model], permission: str, actions: Collection[str] = ("view", "add", "change")
    ) -> None:
        super().__init__(model)
        self.permission, self.actions = permission, frozenset(actions)

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action in self.actions and bool(user.has_perm(self.permission))

    def user_has_any_permission(self, user: Any, actions: Collection[str]) -> bool:
        return any(self.user_has_permission(user, action) for action in actions)


class SavesByService:
    """A create or edit view whose `save_instance` hands what the form read to a service.

    A refusal of the service goes back to the form, with what was typed.
    """

    request: HttpRequest
    form: Any

    def form_valid(self, form: Any) -> HttpResponse:
        self.form = form
        try:
            return super().form_valid(form)  # type: ignore[misc,no-any-return]
        except DomainError as error:
            form.add_error(None, self.told(error))
            self.produced_error_message = "Nothing was saved."  # Wagtail sets it where it finds the form invalid
            return self.form_invalid(form)  # type: ignore[attr-defined,no-any-return]

    def told(self, error: DomainError) -> str:
        """What the person reads about the refusal."""
        return error.message
