from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "lms.accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from lms.accounts import handlers  # noqa: F401  registers the receivers and event handlers
