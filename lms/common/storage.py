"""Where uploaded files are kept, and the one way they leave."""

from django.core.files.storage import FileSystemStorage


class PrivateStorage(FileSystemStorage):
    """Files without an address: `url()` answers nothing useful, a view with a permission serves them."""

    def url(self, name: str | None) -> str:
        return ""
