"""Writes of the library: files, withdrawal, use, searches in vain, verdicts."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from wagtail.search import index

from lms.accounts.models import User
from lms.assets import services
from lms.assets.models import Asset, AssetVersion, Kind, MissedSearch, MissedSearchAsker, Source, State, Verdict
from lms.assets.services import Aim, AssetChanged, BadAsset, BadFile, Evidence, searching
from lms.assets.statements import Use
from lms.events.models import Message
from lms.partners.models import Membership
from lms.xapi.models import Statement
from tests.assets.factories import PDF, AssetFactory, make_asset
from tests.factories import MembershipFactory, PersonaFactory, UserFactory

pytestmark = pytest.mark.django_db
OTHER = PDF + b"% two\n"


def add(asset: Asset, at: datetime, content: bytes = PDF, name: str = "sheet.pdf", **more: Any) -> AssetVersion:
    by = more.pop("by", asset.owner)
    return services.add_version(asset=asset, file=ContentFile(content), filename=name, by=by, at=at, **more)


def content(version: AssetVersion) -> bytes:
    with version.file.storage.open(version.file.name) as handle:
        return handle.read()


def told(kind: str) -> int:
    return Message.objects.filter(type=f"assets.{kind}").count()


def test_a_file_becomes_the_first_version(now: datetime) -> None:
    asset = AssetFactory()
    version = add(asset, now, note="First")
    assert (version.number, version.media_type, version.size, version.note) == (1, "application/pdf", len(PDF), "First")
    assert content(version) == PDF
    asset.refresh_from_db()
    assert asset.current == version


def test_a_new_file_takes_its_place_and_the_old_one_stays(now: datetime) -> None:
    asset = AssetFactory()
    first, second = add(asset, now), add(asset, now, OTHER)
    assert asset.current == second
    assert [one.number for one in asset.versions.order_by("number")] == [1, 2]
    assert content(first) == PDF


def test_the_same_file_twice_is_one_version(now: datetime) -> None:
    asset = AssetFactory()
    assert add(asset, now) == add(asset, now)
    assert asset.versions.count() == 1


def test_a_refused_file_leaves_nothing(now: datetime, settings: Any) -> None:
    asset = AssetFactory()
    with pytest.raises(BadFile):
        add(asset, now, b"MZ nothing", "sheet.pdf")
    assert not AssetVersion.objects.exists()
    assert not list(settings.MEDIA_ROOT.rglob("*")) if settings.MEDIA_ROOT.exists() else True


def test_a_save_that_fails_leaves_no_file_behind(now: datetime, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = make_asset()
    kept = sorted(settings.MEDIA_ROOT.rglob("*"))
    monkeypatch.setattr(index, "insert_or_update_object", lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        services.save_asset(asset=asset, aim=Aim(), file=ContentFile(OTHER), filename="b.pdf", by=asset.owner, at=now)
    assert sorted(settings.MEDIA_ROOT.rglob("*")) == kept
    assert asset.versions.get().number == 1
    assert content(asset.versions.get()) == PDF


def test_a_storage_that_is_full_refuses_in_words(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "_save", full)
    with pytest.raises(BadFile, match="could not be stored"):
        add(AssetFactory(), now)
    assert not AssetVersion.objects.exists()


def test_a_stale_form_overwrites_nothing(now: datetime) -> None:
    """Neither a review day that somebody set meanwhile, nor a file, nor an aim."""
    asset = make_asset()
    seen = services.fingerprint(asset)
    services.review_asset(asset=Asset.objects.get(), review_on=now.date(), by=asset.owner, at=now)
    asset.title = "Mine"
    with pytest.raises(AssetChanged):
        services.save_asset(asset=asset, aim=Aim(), file=None, seen=seen, by=asset.owner, at=now)
    assert Asset.objects.get().review_on == now.date()
    prints = {seen, services.fingerprint(asset)}
    asset.personas.add(PersonaFactory())
    prints.add(services.fingerprint(asset))
    add(asset, now, OTHER)
    prints.add(services.fingerprint(asset))
    assert len(prints) == 4
    services.save_asset(asset=asset, aim=Aim(), file=None, seen=services.fingerprint(asset), by=asset.owner, at=now)
    assert Asset.objects.get().title == "Mine"


def test_a_save_meets_a_withdrawal_of_the_same_moment(now: datetime) -> None:
    """Read before somebody withdrew it: refused in words, where the database would have refused without."""
    asset = make_asset()
    services.withdraw_asset(asset=Asset.objects.get(), coming_note="In May.", by=asset.owner, at=now)
    assert asset.withdrawn_at is None
    with pytest.raises(BadAsset, match="say what is coming"):
        services.save_asset(asset=asset, aim=Aim(), file=None, by=asset.owner, at=now)


def test_saving_keeps_the_aim_and_the_file(now: datetime) -> None:
    owner, persona = UserFactory(), PersonaFactory()
    asset = Asset(title="Deck", summary="S", kind=Kind.PRESENTATION, owner=owner, review_on=now.date())
    saved = services.save_asset(
        asset=asset,
        aim=Aim(personas=[persona]),
        file=ContentFile(PDF),
        filename="deck.pdf",
        by=owner,
        at=now,
    )
    assert (list(saved.personas.all()), saved.current.number, saved.created_by) == ([persona], 1, owner)
    saved.title = "Deck 2"
    services.save_asset(asset=saved, aim=Aim(), file=None, by=UserFactory(), at=now)
    saved.refresh_from_db()
    assert (saved.title, saved.personas.count(), saved.current.number, saved.created_by) == ("Deck 2", 0, 1, owner)


def test_withdrawing_says_what_comes_and_happens_once(now: datetime) -> None:
    asset = make_asset()
    with pytest.raises(BadAsset):
        services.withdraw_asset(asset=asset, coming_note=" ", by=asset.owner, at=now)
    assert services.withdraw_asset(asset=asset, coming_note="In May.", by=asset.owner, at=now)
    assert not services.withdraw_asset(asset=asset, coming_note="Later.", by=asset.owner, at=now)
    assert (asset.state_on(now.date()), asset.coming_note) == (State.WITHDRAWN, "In May.")
    assert told("AssetWithdrawn") == 1
    asset.coming_note = ""
    with pytest.raises(BadAsset):
        services.save_asset(asset=asset, aim=Aim(), file=None, by=asset.owner, at=now)


def test_restoring_needs_a_review_day_to_come(now: datetime) -> None:
    asset = make_asset()
    services.withdraw_asset(asset=asset, coming_note="In May.", by=asset.owner, at=now)
    with pytest.raises(BadAsset):
        services.restore_asset(asset=asset, review_on=now.date() - timedelta(days=1), by=asset.owner, at=now)
    assert services.restore_asset(asset=asset, review_on=now.date(), by=asset.owner, at=now)
    assert not services.restore_asset(asset=asset, review_on=now.date(), by=asset.owner, at=now)
    assert asset.state_on(now.date()) == State.AVAILABLE


def test_a_review_brings_an_overdue_one_back(now: datetime) -> None:
    asset = make_asset(review_on=now.date() - timedelta(days=1))
    services.review_asset(asset=asset, review_on=now.date(), by=asset.owner, at=now)
    assert Asset.objects.available(now.date()).get() == asset


def test_a_review_of_what_partners_do_not_have_changes_nothing(now: datetime) -> None:
    asset = make_asset()
    day = now.date() + timedelta(days=9)
    assert services.review_asset(asset=asset, review_on=day, by=asset.owner, at=now)
    assert not services.review_asset(asset=asset, review_on=day, by=asset.owner, at=now)
    services.withdraw_asset(asset=asset, coming_note="In May.", by=asset.owner, at=now)
    assert not services.review_asset(asset=asset, review_on=day + timedelta(days=1), by=asset.owner, at=now)
    assert asset.review_on == day


def test_retiring_is_once(now: datetime) -> None:
    asset = make_asset()
    assert services.retire_asset(asset=asset, by=asset.owner, at=now)
    assert not services.retire_asset(asset=asset, by=asset.owner, at=now)
    assert told("AssetWithdrawn") == 1


def use(asset: Asset, rep: Membership, at: datetime, what: Use = Use.DOWNLOADED) -> bool:
    return services.note_use(version=asset.current, person=rep.person, membership=rep, use=what, at=at)


def test_a_use_is_recorded_once_a_day(now: datetime) -> None:
    rep, asset = MembershipFactory(), make_asset()
    assert use(asset, rep, now)
    assert not use(asset, rep, now + timedelta(minutes=3))
    assert use(asset, rep, now, Use.SHARED)
    assert use(asset, rep, now + timedelta(days=1))
    assert Statement.objects.count() == 3


def test_the_statement_names_person_partner_persona_and_version(now: datetime) -> None:
    rep, asset = MembershipFactory(), make_asset()
    use(asset, rep, now)
    found = [
        (one.use, one.version, one.partner, one.persona, one.people, one.times)
        for one in services.use_of(asset, at=now + timedelta(hours=1))
    ]
    assert found == [("Downloaded", "1", rep.partner.name, rep.persona.name, 1, 1)]


def test_the_vendors_own_people_are_not_counted(now: datetime) -> None:
    asset = make_asset()
    assert not services.note_use(version=asset.current, person=asset.owner, membership=None, use=Use.VIEWED, at=now)
    assert not Statement.objects.exists()


def test_evidence_counts_people_and_uses_in_two_windows(now: datetime, django_assert_num_queries: Any) -> None:
    first, second, asset, unused = MembershipFactory(), MembershipFactory(), make_asset(), make_asset()
    for rep in (first, second):
        use(asset, rep, now - timedelta(days=100))
    use(asset, first, now - timedelta(days=2))
    use(asset, first, now - timedelta(days=1), Use.VIEWED)
    with django_assert_num_queries(2):
        found = services.evidence_of([asset, unused], at=now)
    age = (now - asset.current.added_at).days
    assert found[asset.pk] == Evidence(
        people=1, people_before=2, views=1, downloads=1, shares=0, age_days=age, is_overdue=False
    )
    assert found[unused.pk].people == 0


def test_a_voided_use_does_not_count(now: datetime) -> None:
    rep, asset = MembershipFactory(), make_asset()
    use(asset, rep, now - timedelta(days=1))
    Statement.objects.update(voided_by="00000000-0000-4000-8000-000000000000")
    assert services.evidence_of([asset], at=now)[asset.pk].people == 0
    assert services.use_of(asset, at=now) == []


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.Choice.KEEP),
        ({"age_days": 29, "people": 0}, None),
        ({"people": 0}, Verdict.Choice.RETIRE),
        ({"people": 0, "is_overdue": True}, Verdict.Choice.RETIRE),
        ({"is_overdue": True}, Verdict.Choice.IMPROVE),
        ({"people_before": 9}, Verdict.Choice.IMPROVE),
        ({"people_before": 8}, Verdict.Choice.KEEP),
    ],
)
def test_figures_speak_for_a_verdict(changes: dict[str, Any], verdict: str | None) -> None:
    fields: dict[str, Any] = {"people": 4, "people_before": 4, "views": 0, "downloads": 4, "shares": 0}
    evidence = Evidence(**(fields | {"age_days": 30, "is_overdue": False} | changes))
    assert services.suggest(evidence) == verdict


def test_a_verdict_freezes_its_figures(now: datetime) -> None:
    rep, asset = MembershipFactory(), make_asset()
    use(asset, rep, now - timedelta(days=1))
    verdict = services.decide(asset=asset, choice="keep", reason="Sells.", by=asset.owner, at=now)
    use(asset, MembershipFactory(), now)
    verdict.refresh_from_db()
    assert (verdict.evidence["people"], verdict.reason) == (1, "Sells.")
    assert asset.retired_at is None


def test_the_verdict_retire_retires(now: datetime) -> None:
    asset = make_asset()
    services.decide(asset=asset, choice="retire", reason="Nobody.", by=asset.owner, at=now)
    assert asset.state_on(now.date()) == State.RETIRED


def test_of_a_retired_one_nothing_more_is_decided_and_nothing_is_changed(now: datetime) -> None:
    asset = make_asset()
    services.decide(asset=asset, choice="retire", reason="Nobody.", by=asset.owner, at=now)
    for choice in ("retire", "keep"):
        with pytest.raises(BadAsset, match="retired already"):
            services.decide(asset=asset, choice=choice, reason="Again.", by=asset.owner, at=now)
    with pytest.raises(BadAsset, match="retired, for good"):
        services.save_asset(asset=Asset.objects.get(), aim=Aim(), file=None, by=asset.owner, at=now)
    assert Verdict.objects.count() == 1


def test_a_draft_is_only_retired(now: datetime) -> None:
    draft = AssetFactory()
    with pytest.raises(BadAsset, match="no file yet"):
        services.decide(asset=draft, choice="keep", reason="So.", by=draft.owner, at=now)
    assert not services.withdraw_asset(asset=draft, coming_note="In May.", by=draft.owner, at=now)
    assert not services.review_asset(asset=draft, review_on=now.date(), by=draft.owner, at=now)
    services.decide(asset=draft, choice="retire", reason="It does not come.", by=draft.owner, at=now)
    draft.refresh_from_db()
    assert draft.state_on(now.date()) == State.RETIRED


@pytest.mark.parametrize(("choice", "reason"), [("burn", "So."), ("keep", " ")])
def test_a_verdict_without_reason_is_refused(choice: str, reason: str, now: datetime) -> None:
    asset = make_asset()
    with pytest.raises(BadAsset):
        services.decide(asset=asset, choice=choice, reason=reason, by=asset.owner, at=now)
    assert not Verdict.objects.exists()


def test_use_is_split_by_how_assets_came_to_be(now: datetime) -> None:
    rep = MembershipFactory()
    for source in (Source.TEMPLATE, Source.UPLOAD, Source.UPLOAD):
        use(make_asset(source=source), rep, now - timedelta(days=1))
    share = services.use_by_source(at=now)
    assert (share.from_template, share.uploaded, share.total) == (1, 2, 3)


def miss(words: str, person: User, at: datetime) -> MissedSearch | None:
    return services.note_miss(words=words, person=person, at=at)


def test_words_in_vain_are_levelled_and_people_counted_once(now: datetime) -> None:
    first, second = UserFactory(), UserFactory()
    for words, person in (("Price  LIST", first), ("list price", first), ("price list!", second)):
        miss(words, person, now)
    search = MissedSearch.objects.get()
    assert (search.words, search.askers.count(), search.last_at) == ("list price", 2, now)


def test_words_that_say_nothing_are_not_kept(now: datetime) -> None:
    assert miss("a", UserFactory(), now) is None
    assert miss("!!!", UserFactory(), now) is None


def test_nobody_fills_the_list_alone(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MAX_PER_PERSON", 1)
    person = UserFactory()
    miss("of another", UserFactory(), now)
    assert miss("battle card", person, now)
    assert miss("price list", person, now) is None
    assert miss("of another", person, now)  # which stands there already
    assert MissedSearchAsker.objects.count() == 3
    assert miss("price list", person, now + searching.WINDOW)


def test_whoever_brought_many_words_still_opens_an_answered_one_again(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset, person = make_asset(), UserFactory()
    search = miss("battle card", person, now)
    assert search is not None
    services.answer_miss(search=search, asset=asset, by=asset.owner, at=now)
    monkeypatch.setattr(searching, "MAX_PER_PERSON", 1)
    miss("battle card", person, now + timedelta(days=1))
    miss("battle card", person, now + timedelta(hours=1))  # told late
    found = MissedSearch.objects.open().with_people().get()
    assert (found.people, found.people_since, found.last_at) == (1, 1, now + timedelta(days=1))


def test_people_since_the_answer_are_counted_once_each(now: datetime) -> None:
    asset, again = make_asset(), UserFactory()
    search = miss("battle card", UserFactory(), now)
    miss("battle card", again, now)
    assert search is not None
    services.answer_miss(search=search, asset=asset, by=asset.owner, at=now)
    for person in (again, again, UserFactory()):
        miss("battle card", person, now + timedelta(days=1))
    found = MissedSearch.objects.with_people().get()
    assert (found.people, found.people_since) == (3, 2)


def test_an_answer_that_was_none_is_taken_back_and_stands_beside_the_words(now: datetime) -> None:
    asset, keeper = make_asset(), UserFactory()
    search = miss("battle card", UserFactory(), now)
    assert search is not None
    assert not services.reopen_miss(search=search, by=keeper, at=now)
    services.answer_miss(search=search, asset=asset, by=keeper, at=now)
    assert services.reopen_miss(search=search, by=keeper, at=now + timedelta(hours=1))
    assert not services.reopen_miss(search=search, by=asset.owner, at=now + timedelta(hours=2))
    found = MissedSearch.objects.open().get()
    assert (found.answer, found.reopened_by) == (asset, keeper)
    services.answer_miss(search=search, asset=asset, by=keeper, at=now + timedelta(hours=3))
    assert MissedSearch.objects.answered().count() == 1


def test_asked_in_vain_after_the_answer_it_is_open_again(now: datetime) -> None:
    asset, person = make_asset(), UserFactory()
    search = miss("battle card", person, now)
    assert search is not None
    services.answer_miss(search=search, asset=asset, by=asset.owner, at=now)
    assert search.answer == asset
    assert (MissedSearch.objects.open().count(), MissedSearch.objects.answered().count()) == (0, 1)
    miss("battle card", person, now + timedelta(days=1))
    assert MissedSearch.objects.open().get().answer == asset
    services.answer_miss(search=search, asset=asset, by=asset.owner, at=now + timedelta(days=2))
    assert not MissedSearch.objects.open().exists()
