"""What is made of every question file that nobody here wrote (../shared/data/questions): read only, copied nowhere."""

from pathlib import Path

import pytest

from lms.assessments import formats, items
from lms.assessments.formats import Outgoing, ReadItem, Source

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "questions"
needs_files = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared question files are not on this machine")
DESCRIPTION = "This is a description: it asks nothing, so it is no item."
LINKS = "links that are not https were removed"
MARKDOWN = "Markdown is kept as plain text"
TITLE = "an earlier question has the same title"
SHARE = "every pair earns the same share"
SIGN = "a file did not come along: images/sign.png"
SHUFFLED = "lines are shuffled, also those that kept their places"
# Per file: the format, and per question its line, its type (None: refused), and the notes or the reason.
EXPECTED: dict[str, tuple[str, list[tuple[int, str | None, list[str]]]]] = {
    "aiken/aiken_errors.txt": (
        "aiken",
        [
            (1, None, ["At least 2 options are needed."]),
            (5, None, ["There are answers, but no question before them."]),
            (9, "choice", []),
            (14, None, ["The question has no ANSWER line."]),
            (18, "choice", []),
            (23, "choice", []),
        ],
    ),
    "aiken/questions.aiken.txt": ("aiken", [(1, "choice", []), (8, "choice", [])]),
    "gift/TFTwoFeedback.gift": (
        "gift",
        [(1, "true_false", []), (3, "true_false", [TITLE]), (5, "true_false", [TITLE])],
    ),
    "gift/categorySpecialCharacter.gift": ("gift", []),
    "gift/descriptionTitleEscapedColon.gift": ("gift", [(1, None, [DESCRIPTION]), (3, "true_false", [])]),
    "gift/escapeAll.gift": ("gift", [(1, "choice", [])]),
    "gift/escapeEquals.gift": ("gift", [(2, "choice", [])]),
    "gift/formatExamples.gift": ("gift", [(2, "choice", [])]),
    "gift/markdown.gift": (
        "gift",
        [(1, None, [DESCRIPTION]), (3, None, [DESCRIPTION]), (6, None, [DESCRIPTION]), (11, None, [DESCRIPTION])],
    ),
    "gift/mc1.gift": ("gift", [(1, "choice", [])]),
    "gift/mc4.gift": ("gift", [(2, "choice", [])]),
    "gift/mcHTMLComment.gift": ("gift", [(1, "choice", [LINKS])]),
    "gift/multipleAnswersFloat.gift": ("gift", [(1, "choices", [])]),
    "gift/numerical1.gift": (
        "gift",
        [
            (3, "numeric", []),
            (5, "numeric", []),
            (7, "numeric", []),
            (9, "numeric", []),
            (11, None, ["The same question stands in line 7."]),
            (13, "numeric", [TITLE]),
            (15, "numeric", []),
            (17, "numeric", []),
            (19, "numeric", [TITLE]),
            (23, "numeric", [LINKS]),
        ],
    ),
    "gift/questions.gift.txt": (
        "gift",
        [
            (2, "essay", []),
            (5, "matching", []),
            (14, "choice", []),
            (22, "choices", []),
            (31, "numeric", []),
            (34, "short_answer", []),
            (41, "true_false", []),
            (46, "true_false", []),
            (49, None, ["The same question stands in line 46."]),
        ],
    ),
    "gift/questions_encoding_windows-1252.gift.txt": (
        "gift",
        [(6, "essay", []), (10, "essay", []), (14, None, ["At least 2 options are needed."])],
    ),
    "gift/shortAnswer1.gift": ("gift", [(3, "short_answer", []), (5, "short_answer", [])]),
    "gift/shortAnswerNotMatching.gift": ("gift", [(1, "choice", []), (4, "choice", [])]),
    "gift/shortFirstEmbeddedUnderline.gift": ("gift", [(1, "short_answer", []), (5, "short_answer", [])]),
    "gift/symbolsAll.gift": ("gift", [(1, "true_false", [])]),
    "gift/tag_id_and_two_tags.gift": ("gift", [(3, "essay", [])]),
    "gift/tf1.gift": ("gift", [(1, "true_false", [])]),
    "gift/tf1_markdown.gift": ("gift", [(1, "true_false", [MARKDOWN])]),
    "gift/totara_moodle_backslash.gift": ("gift", [(4, "essay", [])]),
    "gift/totara_moodle_match.gift": ("gift", [(4, "matching", [])]),
    "gift/totara_moodle_multichoice_multi.gift": ("gift", [(4, "choices", [])]),
    "gift/totara_moodle_pre_content.gift": ("gift", [(3, "essay", [])]),
    "gift/totara_moodle_shortanswer_general_feedback.gift": ("gift", [(4, "short_answer", [])]),
    "gift/totara_moodle_truefalse_true_answer1.gift": ("gift", [(4, "true_false", [])]),
    "gift/type_inferred_multiline_markdown.gift": ("gift", [(1, "short_answer", [])]),
    "moodle-xml/broken_cloze_questions.xml": (
        "moodle-xml",
        [
            (4, None, ["The text has no gaps."]),
            (20, None, ["The gap “{1:MULTICHOICE}” has no answers."]),
            (36, None, ["At least 2 options are needed."]),
            (52, None, ["No option of a gap is right."]),
            (68, None, ["“zero” is no number."]),
        ],
    ),
    "moodle-xml/category_with_description.xml": ("moodle-xml", [(15, "true_false", [])]),
    "moodle-xml/essay.xml": ("moodle-xml", [(12, "essay", [])]),
    "moodle-xml/export_category.xml": ("moodle-xml", [(15, "true_false", [])]),
    "moodle-xml/gapselect.xml": ("moodle-xml", [(12, "cloze", [])]),
    "moodle-xml/match.xml": ("moodle-xml", [(12, "matching", [])]),
    "moodle-xml/multianswer.xml": ("moodle-xml", [(12, "cloze", [])]),
    "moodle-xml/multichoice.xml": ("moodle-xml", [(12, "choice", [])]),
    "moodle-xml/nested_categories.xml": ("moodle-xml", [(37, "true_false", [])]),
    "moodle-xml/numerical.xml": ("moodle-xml", [(12, "numeric", [])]),
    "moodle-xml/ordering.xml": ("moodle-xml", [(12, "ordering", [])]),
    "moodle-xml/shortanswer.xml": ("moodle-xml", [(12, "short_answer", [])]),
    "moodle-xml/truefalse.xml": ("moodle-xml", [(12, "true_false", [LINKS]), (40, "true_false", [LINKS])]),
    "qti12/canvas_qti12_multi.zip": ("qti12", [(11, "essay", []), (11, "essay", [TITLE])]),
    "qti21/instructure_test_qti_2.1.zip": (
        "qti21",
        [
            (2, "true_false", []),
            (2, "choice", ["a file is of a kind that is not kept: apip_VE_IP_02.svg"]),
            (2, "choices", []),
            (2, "cloze", []),
            (2, "essay", []),
        ],
    ),
    "qti21/items_2.1/Example02-feedbackInline.xml": ("qti21", [(3, "true_false", [])]),
    "qti21/items_2.1/categorization.xml": ("qti21", [(2, "matching", [SHARE])]),
    "qti21/items_2.1/choice.xml": ("qti21", [(3, "choice", [SIGN])]),
    "qti21/items_2.1/essay.xml": ("qti21", [(2, "essay", [])]),
    "qti21/items_2.1/extended_text_rubric.xml": (
        "qti21",
        [(3, "essay", ["a file did not come along: images/postcard.png", "markup removed: h1"])],
    ),
    "qti21/items_2.1/gap_match.xml": ("qti21", [(2, "cloze", [])]),
    "qti21/items_2.1/match.xml": (
        "qti21",
        [
            (
                2,
                "matching",
                ["pairs among equals: the first of each right pair became the one to find a match for", SHARE],
            )
        ],
    ),
    "qti21/items_2.1/match2.xml": ("qti21", [(3, "matching", [])]),
    "qti21/items_2.1/order.xml": ("qti21", [(2, "ordering", [SHUFFLED])]),
    "qti21/items_2.1/text_entry.xml": ("qti21", [(2, "cloze", [])]),
    "qti22/choice.xml": ("qti21", [(3, "choice", [SIGN])]),
    "qti22/choice_fixed.xml": ("qti21", [(4, "choice", [SIGN])]),
    "qti22/choice_multiple.xml": ("qti21", [(2, "choices", [])]),
    "qti22/choice_multiple_rtl.xml": ("qti21", [(2, "choices", [])]),
    "qti22/extended_text.xml": ("qti21", [(3, "essay", ["a file did not come along: images/postcard.png"])]),
    "qti22/gap_match.xml": ("qti21", [(2, "cloze", [])]),
    "qti22/hotspot.xml": ("qti21", [(2, None, ["The picture to point at did not come along."])]),
    "qti22/hottext.xml": ("qti21", [(2, "choice", ["words to be marked in a text became options below it"])]),
    "qti22/inline_choice.xml": ("qti21", [(2, "cloze", [])]),
    "qti22/match.xml": ("qti21", [(2, "matching", [SHARE])]),
    "qti22/order.xml": ("qti21", [(2, "ordering", [SHUFFLED])]),
    "qti22/text_entry.xml": ("qti21", [(2, "cloze", [])]),
    "qti30/metaData.zip": ("qti30", [(3, "choice", [])]),
    "qti30/sharedStimulus.zip": (
        "qti30",
        [
            (2, "essay", ["a file did not come along: images/apip_VE", "a file did not come along: images/apip_VE"]),
            (2, None, ["The right order does not name every line once."]),
            (
                2,
                "choice",
                [
                    "a file did not come along: images/apip_VE_IP_05_croc.png",
                    "a file did not come along: images/apip_VE_IP_05_flamingos.png",
                ],
            ),
        ],
    ),
    "qti30/simple.zip": ("qti30", [(3, "choice", [])]),
    "qti30/test_package_minfiles.zip": (
        "qti30",
        [
            (2, None, ["An adaptive item, which is answered in several steps, has no counterpart."]),
            (3, "choice", []),
            (2, "choices", []),
            (2, "hotspot", []),
        ],
    ),
}


def found_in(name: str) -> list[ReadItem]:
    return list(formats.read_items(Source((FOLDER / name).read_bytes())))


@needs_files
@pytest.mark.parametrize("name", EXPECTED)
def test_files_of_others_are_read_as_expected(name: str) -> None:
    form, expected = EXPECTED[name]
    source = Source((FOLDER / name).read_bytes())
    assert formats.detect(source).name == form
    found = [
        (one.line, one.fields and one.fields["type"], [*one.notes, *([one.reason] if one.reason else [])])
        for one in formats.read_items(source)
    ]
    assert [(line, kind) for line, kind, _ in found] == [(line, kind) for line, kind, _ in expected]
    for (_, _, notes), (_, _, beginnings) in zip(found, expected, strict=True):
        assert len(notes) == len(beginnings)
        assert all(note.startswith(start) for note, start in zip(notes, beginnings, strict=True))


@needs_files
def test_the_table_names_every_file() -> None:
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert set(EXPECTED) == {name for name in files if not name.startswith("statistics/")}


@needs_files
def test_an_old_encoding_is_detected() -> None:
    source = Source((FOLDER / "gift" / "questions_encoding_windows-1252.gift.txt").read_bytes())
    assert source.encoding == "windows-1252"


@needs_files
@pytest.mark.parametrize("format_name", formats.WRITABLE)
@pytest.mark.parametrize("name", [name for name, (_, rows) in EXPECTED.items() if any(kind for _, kind, _ in rows)])
def test_what_is_exported_without_loss_is_imported_as_it_was(name: str, format_name: str) -> None:
    """Import, export, import: equal content, key, title, topic and tags."""
    form = formats.WRITABLE[format_name]
    read = [one for one in found_in(name) if one.fields]
    data, told = form.write([outgoing(one) for one in read])
    source = Source(data)
    assert formats.detect(source) is form or not any(row.outcome != "refused" for row in told)
    back = {one.code: one for one in formats.read_items(source, form)}
    for one, row in zip(read, told, strict=True):
        if row.outcome == "exported":
            assert (back[one.code].fields, back[one.code].meta) == (one.fields, one.meta)
            assert set(back[one.code].media) == set(one.media)
        elif row.outcome == "exported_with_loss":
            assert back[one.code].fields is not None
            assert row.notes


def outgoing(one: ReadItem) -> Outgoing:
    assert one.fields
    content, key = items.load(one.fields["type"], one.fields["content"], one.fields["key"])
    return Outgoing(
        code=one.code, meta=one.meta, type=one.fields["type"], content=content, key=key, medium=one.media.get
    )


@needs_files
def test_media_come_along() -> None:
    (greeting,) = found_in("moodle-xml/multichoice.xml")
    assert sorted(medium.extension for medium in greeting.media.values()) == ["jpg", "jpg", "jpg", "jpg", "mp3"]
    (sign,) = found_in("qti30/simple.zip")
    assert [medium.extension for medium in sign.media.values()] == ["png"]


@needs_files
def test_custom_scoring_is_read_by_what_it_does() -> None:
    """The item's own rules, not a template: right and wrong bring up their feedback, all or nothing."""
    (match,) = found_in("qti21/items_2.1/match2.xml")
    assert match.fields
    key = match.fields["key"]
    assert key["scoring"] == "all"
    assert key["if_right"].startswith("Die Elbe")
    assert key["if_wrong"].startswith("Die Elbe")
