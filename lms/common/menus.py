"""Menu items of Wagtail's admin that follow our permissions."""

from django.http import HttpRequest
from wagtail.admin.menu import MenuItem


def item_for(permission: str) -> type[MenuItem]:
    """The class of menu items that are shown to whoever has the named permission."""

    class PermittedItem(MenuItem):
        def is_shown(self, request: HttpRequest) -> bool:
            return bool(request.user.has_perm(permission))

    return PermittedItem
