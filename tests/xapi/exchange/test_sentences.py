"""Statements as people say them."""

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.xapi import vocabulary
from lms.xapi.sentences import SOMEBODY, accounts, sentence, verb_words
from tests.xapi.factories import statement

INES = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
BASE = "https://partners.halden.example"
ME = {"account": {"homePage": BASE, "name": str(INES)}}
EXAM = {"id": "https://x.example/exam", "definition": {"name": {"de": "Prüfung", "en-GB": "Halden Pre-sales exam"}}}
NAMES = {INES: "Inès Navarro"}


def said(**changes):
    return str(sentence(statement(**{"actor": ME, "object": EXAM} | changes), NAMES))


def test_score_is_cut_to_whole_percent():
    passed = {"id": vocabulary.PASSED}
    told = said(verb=passed, result={"score": {"scaled": 0.849}})
    assert told == "Inès Navarro passed Halden Pre-sales exam, 84%"
    assert said(verb=passed, result={"score": {"raw": 29, "max": 100}}).endswith(", 29%")
    assert said(verb=passed, result={"score": {"scaled": 0.29}}).endswith(", 29%")
    assert said(verb=passed, result={"score": {"raw": 5, "min": 1, "max": 9}}).endswith("exam")
    assert said(verb=passed, result={"score": {"raw": 5}}).endswith("exam")


@pytest.mark.parametrize(
    "verb, words",
    [
        (vocabulary.REGISTERED, "enrolled in"),
        (vocabulary.FAILED, "did not pass"),
        (vocabulary.WITHDREW, "withdrew from"),
        (vocabulary.EARNED, "earned"),
    ],
)
def test_our_verbs_have_words_of_their_own(verb, words):
    assert said(verb={"id": verb}) == f"Inès Navarro {words} Halden Pre-sales exam"


def test_every_verb_of_ours_has_words():
    ours = [
        value
        for value in vars(vocabulary).values()
        if isinstance(value, str) and re.search("/verb|/schema/1.0/(create|submit)$", value)
    ]
    ours = [iri for iri in ours if not iri.endswith("/")]
    assert len(ours) == 18
    assert all(" " not in iri and verb_words({"id": iri}) for iri in ours)
    assert len({verb_words({"id": iri}) for iri in ours}) == 17  # a course and an exam are both begun


def test_other_verbs_say_it_themselves():
    assert "sang" in said(verb={"id": "https://x.example/v/7", "display": {"fr": "chanta", "en-US": "sang"}})
    assert "chanta" in said(verb={"id": "https://x.example/v/7", "display": {"fr": "chanta"}})
    assert " danced " in said(verb={"id": "https://x.example/verbs/danced"})


def test_progress_and_answers_are_told():
    done = {f"{BASE}/xapi/extensions/lessons-done": 3, f"{BASE}/xapi/extensions/lessons-total": 7}
    assert said(verb={"id": vocabulary.PROGRESSED}, result={"extensions": done}).endswith(", 3 of 7 lessons")
    assert said(verb={"id": vocabulary.ANSWERED}, result={"success": True}).endswith(", right")
    assert said(verb={"id": vocabulary.ANSWERED}, result={"success": False}).endswith(", wrong")


@pytest.mark.parametrize(
    "actor, name",
    [
        (ME, "Inès Navarro"),
        ({"account": {"homePage": BASE, "name": str(uuid4())}, "name": "Forged"}, SOMEBODY),
        ({"mbox": "mailto:ann@x.example", "name": "Ann\n Other"}, "Ann Other"),
        ({"mbox": "mailto:ann@x.example"}, "ann@x.example"),
        ({"account": {"homePage": "https://x.example", "name": "17"}}, "17"),
        ({"openid": "https://ann.example/"}, "https://ann.example/"),
        ({"mbox_sha1sum": "a" * 40}, SOMEBODY),
        ({"objectType": "Group", "member": [ME]}, "Inès Navarro"),
        ({"objectType": "Group", "member": [ME, ME, ME]}, "Inès Navarro and 2 more"),
        ({"objectType": "Group", "name": "Kestrel", "account": {"homePage": BASE, "name": str(INES)}}, "Kestrel"),
    ],
)
def test_actors_are_named(actor, name):
    assert sentence(statement(actor=actor), NAMES).who == name


def test_nobody_else_is_named_where_that_is_wanted():
    for actor in (
        {"mbox": "mailto:ann@x.example", "name": "Ann"},
        {"account": {"homePage": BASE, "name": str(uuid4())}},
    ):
        told = sentence(statement(actor=actor, object={"objectType": "Agent", **actor}), NAMES, nobody="Somebody else")
        assert (told.who, told.what) == ("Somebody else", "Somebody else")
    assert sentence(statement(actor=ME), NAMES, nobody="Somebody else").who == "Inès Navarro"


def test_other_objects_are_told():
    ref = {"objectType": "StatementRef", "id": str(INES)}
    assert said(object=ref, verb={"id": vocabulary.VOIDED}) == f"Inès Navarro voided the record {INES}"
    assert said(object={"objectType": "Agent", **ME}).endswith("looked at Inès Navarro")
    inner = {"objectType": "SubStatement", **statement(actor=ME, object=EXAM)}
    assert said(object=inner).endswith("“Inès Navarro looked at Halden Pre-sales exam”")
    assert said(object={"id": "https://x.example/bare"}).endswith("https://x.example/bare")
    assert len(said(object={"id": "https://x.example/" + "a" * 999})) < 250


def test_accounts_are_those_that_may_be_named():
    other = uuid4()
    him = {"account": {"homePage": BASE, "name": str(other)}}
    assert accounts(statement(actor=ME)) == {INES}
    assert accounts(statement(actor={"objectType": "Group", "member": [ME, him]})) == {INES, other}
    assert accounts(statement(object={"objectType": "Agent", **him})) == {other}
    assert accounts(statement(object={"objectType": "SubStatement", **statement(actor=him)})) == {other}


@given(st.recursive(st.text(max_size=5) | st.integers() | st.booleans(), lambda x: st.lists(x, max_size=3)))
def test_results_of_any_kind_make_no_error(value):
    extensions = {f"{BASE}/xapi/extensions/lessons-done": value, f"{BASE}/xapi/extensions/lessons-total": value}
    assert said(result={"extensions": extensions})
