"""Fixtures for all tests."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import TransactionTestCase
from whitenoise.middleware import WhiteNoiseMiddleware

from courses.progress import outlines
from tests import databases


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks as `plain` what touches no database of ours: .ci/run plays it once, not on PostgreSQL again."""
    for item in items:
        names, owner = set(getattr(item, "fixturenames", ())), getattr(item, "cls", None)
        is_django = owner is not None and issubclass(owner, TransactionTestCase)
        if not is_django and not item.get_closest_marker("django_db") and names.isdisjoint({"db", "transactional_db"}):
            item.add_marker("plain")


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[None]:
    """A migrated database of this process's own; see tests/databases.py."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    folder: Path = tmp_path_factory.mktemp("database")
    with django_db_blocker.unblock():
        databases.set_up(worker, folder)
    yield
    with django_db_blocker.unblock():
        databases.tear_down(worker)


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> Iterator[None]:
    """Looked for once: each new test client builds the middleware anew, and WhiteNoise would list them all each time."""
    look, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def add_files(self: WhiteNoiseMiddleware) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files = dict(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add_files)
        yield


@pytest.fixture(autouse=True)
def _private_files(settings: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Uploads go to a folder of the test's own; password hashing is quick."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """What the process keeps belongs to rows of another test, rolled back since."""
    cache.clear()
    outlines.clear()


@pytest.fixture
def now() -> datetime:
    """The clock of most tests: a Monday morning."""
    return datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
