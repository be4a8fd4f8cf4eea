"""The tincan client, written by others, speaks to our store through a real server."""

from uuid import uuid4

import pytest
import tincan

from lms.xapi.models import Statement
from lms.xapi.services import create_credential

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),  # whitenoise, before collectstatic
]
COURSE = "https://x.example/courses/1"


@pytest.fixture
def remote(live_server, now):
    credential, secret = create_credential(name="tincan", scopes=["statements/write", "all/read"], at=now)
    return tincan.RemoteLRS(
        endpoint=f"{live_server.url}/xapi/", version="1.0.3", username=credential.key, password=secret
    )


def statement(verb="https://x.example/verbs/sang", **more):
    return tincan.Statement(
        actor=tincan.Agent(mbox="mailto:ann@x.example"),
        verb=tincan.Verb(id=verb, display=tincan.LanguageMap({"en": "sang"})),
        object=tincan.Activity(
            id=COURSE, definition=tincan.ActivityDefinition(name=tincan.LanguageMap({"en": "Łódź 课"}))
        ),
        **more,
    )


def test_tincan_client_saves_finds_and_pages(remote):
    saved = remote.save_statement(statement())
    assert saved.success, saved.data
    known = remote.save_statement(statement(id=uuid4()))
    assert known.success, known.data
    batch = remote.save_statements([statement(verb="https://x.example/verbs/danced") for _ in range(3)])
    assert batch.success, batch.data
    assert Statement.objects.count() == 5

    back = remote.retrieve_statement(saved.content.id)
    assert back.success
    assert back.content.object.definition.name == {"en": "Łódź 课"}
    assert back.content.stored == Statement.objects.get(statement_id=saved.content.id).stored_at

    page = remote.query_statements(
        {"agent": tincan.Agent(mbox="mailto:ann@x.example"), "limit": 2, "ascending": "true"}
    )
    seen = [entry.id for entry in page.content.statements]
    while page.content.more:
        page = remote.more_statements(page.content)
        assert page.success, page.data
        seen += [entry.id for entry in page.content.statements]
    assert seen == list(Statement.objects.order_by("stored_at", "id").values_list("statement_id", flat=True))

    danced = remote.query_statements({"verb": tincan.Verb(id="https://x.example/verbs/danced")})
    assert len(danced.content.statements) == 3


def test_tincan_client_voids(remote):
    saved = remote.save_statement(statement()).content
    voiding = tincan.Statement(
        actor=tincan.Agent(mbox="mailto:ann@x.example"),
        verb=tincan.Verb(id="http://adlnet.gov/expapi/verbs/voided"),
        object=tincan.StatementRef(id=saved.id),
    )
    assert remote.save_statement(voiding).success
    assert not remote.retrieve_statement(saved.id).success
    assert remote.retrieve_voided_statement(saved.id).content.id == saved.id


def test_tincan_client_is_told_what_is_wrong(remote):
    wrong = statement(result=tincan.Result(score=tincan.Score(scaled=2)))
    refused = remote.save_statement(wrong)
    assert (refused.success, refused.response.status) == (False, 400)
    assert "/result/score/scaled" in refused.data
