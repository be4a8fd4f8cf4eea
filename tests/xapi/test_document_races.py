"""Several clients write one document at once. LRS-19: exactly one of those who saw the same wins."""

from collections import Counter

import pytest
from django.db import connection

from lms.xapi.models import Activity, Document
from tests.xapi.factories import statement
from tests.xapi.test_documents import ACTIVITY, PLACES
from tests.xapi.test_races import WRITERS, at_once

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
PLACE = PLACES["activities/state"]


@pytest.fixture
def lrs(connect):
    return connect(scopes=["all"])


def put(lrs, number, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: lrs.call("PUT", "activities/state", {"n": number}, headers=names, **PLACE).status_code


def test_of_many_who_store_a_new_document_one_wins(lrs):
    results = Counter(at_once(*[put(lrs, number, If_None_Match="*") for number in range(WRITERS)]))
    assert results[204] == 1
    assert results.keys() <= {204, 409, 412}
    assert Document.objects.count() == 1


def test_of_many_who_change_what_they_saw_one_wins(lrs):
    put(lrs, -1)()
    etag = lrs.call("GET", "activities/state", **PLACE)["ETag"]
    results = Counter(at_once(*[put(lrs, number, If_Match=etag) for number in range(WRITERS)]))
    assert results == {204: 1, 412: WRITERS - 1}


def test_merges_of_many_lose_nothing(lrs):
    put(lrs, -1)()

    def merge(number):
        return lambda: lrs.call("POST", "activities/state", {f"key{number}": number}, **PLACE).status_code

    assert at_once(*[merge(number) for number in range(WRITERS)]) == [204] * WRITERS
    assert len(lrs.call("GET", "activities/state", **PLACE).json()) == WRITERS + 1


def test_many_who_define_the_same_activities_never_deadlock(lrs):
    def batch(number):
        ids = [f"{ACTIVITY}/{n}" for n in range(20)]
        order = ids if number % 2 else ids[::-1]
        return [statement(object={"id": id_, "definition": {"name": {"en": f"{number}"}}}) for id_ in order]

    assert at_once(*[lambda n=n: lrs.post(batch(n)).status_code for n in range(WRITERS)]) == [200] * WRITERS
    assert Activity.objects.count() == 20
    connection.close()
