"""A person with a password, and a browser to sign in with."""

import pytest
from django.test import Client
from django.urls import reverse

from lms.accounts.models import User
from tests.factories import PASSWORD, UserFactory


@pytest.fixture
def person(db: None) -> User:
    return UserFactory(email="ines@kestrel.example", name="Inès Navarro")


def sign_in(client: Client, email: str, password: str = PASSWORD, **extra: object) -> object:
    """Posts the sign-in form."""
    return client.post(reverse("account_login"), {"login": email, "password": password}, **extra)


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200
