"""Formats on files written here: what each reads, what it refuses, and hostile files."""

import io
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.assessments import formats, items
from lms.assessments.formats import Outgoing, ReadItem, Source
from lms.common.guards import UnsafeInput
from tests.assessments.factories import picture


def read(text: str | bytes) -> list[ReadItem]:
    return list(formats.read_items(Source(text.encode() if isinstance(text, str) else text)))


def one(text: str | bytes) -> ReadItem:
    (found,) = read(text)
    return found


def fields(text: str | bytes) -> tuple[dict, dict]:
    found = one(text)
    assert found.fields, found.reason
    return found.fields["content"], found.fields["key"]


def zipped(**files: str | bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return buffer.getvalue()


# --- Which format ---


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("What?{=a ~b}", "gift"),
        ("anything at all", "gift"),
        ("What?\nA) x\nB) y\nANSWER: A\n", "aiken"),
        ("code,type,stem,answer 1\n", "csv"),
        ('"Stem";"Type"\n', "csv"),
        ("<quiz/>", "gift"),
        ("<?xml version='1.0'?><quiz/>", "moodle-xml"),
        ("<?xml version='1.0'?><questestinterop/>", "qti12"),
        ('<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1"/>', "qti21"),
        ('<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0"/>', "qti30"),
    ],
)
def test_format_is_found_by_content(data: str, name: str) -> None:
    assert formats.detect(Source(data.encode())).name == name


@pytest.mark.parametrize(
    "data",
    [b"<?xml version='1.0'?><html/>", zipped(readme__txt="x"), zipped(), zipped(a__xml="<?xml version='1.0'?><b/>")],
)
def test_a_file_of_another_kind_is_refused(data: bytes) -> None:
    with pytest.raises(UnsafeInput, match="no question file"):
        formats.detect(Source(data))


def test_hostile_files_are_refused_whole() -> None:
    """UP-01, UP-03, UP-05: by the same guards wherever a file comes in."""
    for data in (
        b'<?xml version="1.0"?><!DOCTYPE quiz [<!ENTITY a "b">]><quiz>&a;</quiz>',
        b'<?xml version="1.0"?><quiz><question>',
        zipped(**{"../imsmanifest__xml": "<manifest/>"}),
        zipped(imsmanifest__xml='<?xml version="1.0"?><!DOCTYPE m SYSTEM "x"><manifest/>'),
        b"x" * 20_000_001,
    ):
        with pytest.raises(UnsafeInput):
            formats.detect(Source(data))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(noise: bytes) -> None:
    for data in (noise, b"<?xml version='1.0'?><quiz>" + noise + b"</quiz>", b"type,stem\nchoice," + noise):
        try:
            for found in formats.read_items(Source(data)):
                assert bool(found.fields) != bool(found.reason)
        except UnsafeInput:
            continue


# --- Moodle XML ---


def moodle(kind: str, inner: str, stem: str = "Which?") -> str:
    return f"""<?xml version="1.0"?><quiz><question type="{kind}"><name><text>T</text></name>
      <questiontext format="html"><text>{stem}</text></questiontext>{inner}</question></quiz>"""


def answers(*pairs: tuple[str, str]) -> str:
    return "".join(f'<answer fraction="{weight}"><text>{text}</text></answer>' for weight, text in pairs)


def test_moodle_reads_scoring_shuffling_tags_and_grade() -> None:
    text = moodle(
        "multichoice",
        "<single>false</single><shuffleanswers>0</shuffleanswers><defaultgrade>2.0</defaultgrade>"
        "<tags><tag><text>b</text></tag><tag><text>level:apply</text></tag></tags>"
        + answers(("50", "a"), ("50", "b"), ("-100", "c")),
    )
    found = one(text)
    assert found.fields
    assert (found.meta.tags, found.meta.level) == (("b",), "apply")
    assert found.notes == ("the grade 2 is left out: every item counts the same",)
    assert all(option["is_pinned"] for option in found.fields["content"]["options"])
    assert sorted(found.fields["key"]["weights"].values()) == ["-1", "0.5", "0.5"]
    assert fields(moodle("multichoiceset", answers(("100", "a"), ("0", "b"))))[1]["scoring"] == "all"


def test_moodle_reads_units() -> None:
    units = "<units><unit><multiplier>1</multiplier><unit_name>m</unit_name></unit><unit><multiplier>100</multiplier><unit_name>cm</unit_name></unit></units>"
    text = moodle(
        "numerical",
        answers(("100", "2")) + units + "<unitgradingtype>1</unitgradingtype><unitpenalty>0.1</unitpenalty>",
    )
    content, key = fields(text)
    assert [(unit["name"], unit.get("multiplier", "1")) for unit in content["units"]] == [("m", "1"), ("cm", "100")]
    assert key["unit_penalty"] == "0.1"
    assert "penalty" in one(text).notes[0]


@pytest.mark.parametrize(
    ("kind", "inner", "reason"),
    [
        ("description", "", "This is a description"),
        ("calculated", "", "Moodle's question type “calculated” has no counterpart."),
        ("truefalse", answers(("100", "yes")), "The answers are not true and false."),
        ("multichoice", answers(("x", "a")), "“x” is no weight."),
        ("numerical", answers(("100", "many")), "“many” is no number."),
        ("matching", "<subquestion><text>a</text><answer><text></text></answer></subquestion>", "Nothing is matched"),
        ("gapselect", "", "The text has no gaps."),
    ],
)
def test_moodle_refuses_with_the_reason(kind: str, inner: str, reason: str) -> None:
    assert one(moodle(kind, inner)).reason.startswith(reason)


def test_moodle_words_in_groups_become_lists() -> None:
    words = "".join(
        f"<dragbox><text>{text}</text><group>{group}</group></dragbox>"
        for text, group in (("a", 1), ("b", 1), ("c", 2), ("d", 2))
    )
    content, _ = fields(moodle("ddwtos", words, stem="x [[1]] y [[3]]"))
    assert [(gap["kind"], len(gap["options"])) for gap in content["gaps"]] == [("choice", 2), ("choice", 2)]
    assert one(moodle("ddwtos", words, stem="x [[9]]")).reason == "The gap [[9]] has no word."


@pytest.mark.parametrize(
    ("stem", "kinds"),
    [
        ("{1:SHORTANSWER:=a} {2:SAC:=B} {:NM:=1:0.5~*#no} {1:MC:=x~y}", ["text", "text", "number", "choice"]),
        (r"{1:SA:=a\}b} {1:MULTICHOICE_VS:=a\~b~%50%c\#d#e}", ["text", "choice"]),
    ],
)
def test_moodle_gaps_of_all_kinds(stem: str, kinds: list[str]) -> None:
    content, _ = fields(moodle("cloze", "", stem=stem))
    assert [gap["kind"] for gap in content["gaps"]] == kinds
    assert (
        one(moodle("cloze", "", stem="{1:MULTIRESPONSE:=a~b}")).reason
        == "Gaps of the kind MULTIRESPONSE have no counterpart."
    )


def test_moodle_ordering_all_or_nothing() -> None:
    text = moodle("ordering", "<gradingtype>ALL_OR_NOTHING</gradingtype>" + answers(("2", "b"), ("1", "a")))
    content, key = fields(text)
    texts = {option["id"]: option["text"] for option in content["options"]}
    assert ([texts[name] for name in key["sequence"]], key["scoring"]) == (["a", "b"], "all")


# --- QTI 2 and 3 ---


def qti(body: str, declaration: str, rules: str, more: str = "") -> str:
    return f"""<?xml version="1.0"?><assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="i" title="T">
      {declaration}<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>
      <itemBody>{body}</itemBody>{rules}{more}</assessmentItem>"""


RIGHT = "<correctResponse><value>a</value></correctResponse>"
SINGLE = f'<responseDeclaration identifier="RESPONSE" cardinality="single" baseType="identifier">{RIGHT}</responseDeclaration>'
TWO = '<choiceInteraction responseIdentifier="RESPONSE" shuffle="true" maxChoices="1"><prompt>Which?</prompt><simpleChoice identifier="a">A</simpleChoice><simpleChoice identifier="b">B</simpleChoice></choiceInteraction>'
MATCH = '<responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"/>'


def rules(inner: str) -> str:
    return f"<responseProcessing>{inner}</responseProcessing>"


def test_qti_custom_rules_are_played() -> None:
    scored = rules(
        '<responseCondition><responseIf><match><variable identifier="RESPONSE"/><baseValue baseType="identifier">a</baseValue></match>'
        '<setOutcomeValue identifier="SCORE"><baseValue baseType="float">3</baseValue></setOutcomeValue></responseIf>'
        '<responseElseIf><not><isNull><variable identifier="RESPONSE"/></isNull></not>'
        '<setOutcomeValue identifier="SCORE"><product><baseValue baseType="float">0.5</baseValue><baseValue baseType="float">3</baseValue></product></setOutcomeValue></responseElseIf></responseCondition>'
    )
    content, key = fields(qti(TWO, SINGLE, scored))
    weights = {option["text"]: Decimal(key["weights"][option["id"]]) for option in content["options"]}
    assert weights == {"A": 1, "B": Decimal("0.5")}


def test_qti_without_rules_says_so() -> None:
    assert one(qti(TWO, SINGLE, "")).notes == (
        "the file does not say how the item is scored: the right answer earns all",
    )


@pytest.mark.parametrize(
    ("body", "declaration", "rules_", "reason"),
    [
        ("<p>x</p>", SINGLE, MATCH, "This is a description"),
        (TWO, "", MATCH, "The question's response is not declared."),
        (TWO + TWO, SINGLE, MATCH, "Several questions in one item"),
        (
            '<sliderInteraction responseIdentifier="RESPONSE"/>',
            SINGLE,
            MATCH,
            "The interaction “sliderInteraction” has no",
        ),
        (
            TWO,
            SINGLE,
            rules("<lookupOutcomeValue identifier='SCORE'/>"),
            "Its scoring uses the rule “lookupOutcomeValue”",
        ),
        (
            TWO,
            SINGLE,
            rules("<setOutcomeValue identifier='SCORE'><randomFloat/></setOutcomeValue>"),
            "Its scoring uses the expression",
        ),
        (TWO, SINGLE.replace(RIGHT, ""), MATCH, "No choice earns points"),
        (
            TWO,
            SINGLE,
            '<responseProcessing template="x/map_response_point"/>',
            "Its scoring template “map_response_point”",
        ),
    ],
)
def test_qti_refuses_with_the_reason(body: str, declaration: str, rules_: str, reason: str) -> None:
    assert one(qti(body, declaration, rules_)).reason.startswith(reason)


def test_qti_adaptive_and_templated_items_are_refused() -> None:
    text = qti(TWO, SINGLE, MATCH)
    assert "adaptive" in one(text.replace('title="T"', 'title="T" adaptive="true"')).reason
    assert "drawn anew" in one(text.replace("<itemBody>", "<templateDeclaration/><itemBody>")).reason


def test_qti_multiple_choice_all_or_nothing() -> None:
    declaration = '<responseDeclaration identifier="RESPONSE" cardinality="multiple" baseType="identifier"><correctResponse><value>a</value><value>b</value></correctResponse></responseDeclaration>'
    body = TWO.replace('maxChoices="1"', 'maxChoices="2"').replace(
        "</choiceInteraction>", '<simpleChoice identifier="c">C</simpleChoice></choiceInteraction>'
    )
    content, key = fields(qti(body, declaration, MATCH))
    assert (key["scoring"], content["limit"]) == ("all", 2)


def test_qti_number_with_tolerance() -> None:
    declaration = '<responseDeclaration identifier="RESPONSE" cardinality="single" baseType="float"><correctResponse><value>10</value></correctResponse></responseDeclaration>'
    scored = rules(
        '<responseCondition><responseIf><equal toleranceMode="absolute" tolerance="1 2"><variable identifier="RESPONSE"/><correct identifier="RESPONSE"/></equal>'
        '<setOutcomeValue identifier="SCORE"><baseValue baseType="float">1</baseValue></setOutcomeValue></responseIf></responseCondition>'
    )
    body = '<p>How many?</p><textEntryInteraction responseIdentifier="RESPONSE"/>'
    found = one(qti(body, declaration, scored))
    assert found.fields
    assert found.fields["type"] == "numeric"
    assert found.fields["key"]["answers"] == [{"low": "9", "high": "12"}]
    assert found.fields["content"]["stem"] == "How many?"


def test_qti_30_has_the_same_meaning_as_21() -> None:
    old = qti(TWO, SINGLE, MATCH)
    new = old
    for before, after in (
        ("assessmentItem", "qti-assessment-item"), ("responseDeclaration", "qti-response-declaration"), ("correctResponse", "qti-correct-response"),
        ("<value>", "<qti-value>"), ("</value>", "</qti-value>"), ("outcomeDeclaration", "qti-outcome-declaration"), ("itemBody", "qti-item-body"),
        ("choiceInteraction", "qti-choice-interaction"), ("simpleChoice", "qti-simple-choice"), ("prompt>", "qti-prompt>"), ("/qti-prompt", "/qti-prompt"),
        ("responseProcessing", "qti-response-processing"), ("responseIdentifier", "response-identifier"), ("maxChoices", "max-choices"), ("baseType", "base-type"),
    ):  # fmt: skip
        new = new.replace(before, after)
    assert one(new).digest == one(old).digest


def test_qti_package_with_broken_and_missing_documents() -> None:
    manifest = (
        '<?xml version="1.0"?><manifest><resources>'
        + "".join(
            f'<resource type="imsqti_item_xmlv2p1" href="{name}.xml"/>'
            for name in ("good", "broken", "missing", "../../etc")
        )
        + "</resources></manifest>"
    )
    found = read(zipped(imsmanifest__xml=manifest, good__xml=qti(TWO, SINGLE, MATCH), broken__xml="<a>"))
    assert [(row.source, bool(row.fields)) for row in found] == [
        ("good.xml", True),
        ("broken.xml", False),
        ("missing.xml", False),
    ]
    assert [row.reason for row in found[1:]] == [
        "The XML is not well formed at line 1, column 4.",
        "The file is named by the manifest, but missing.",
    ]


def test_qti_package_reaches_no_file_outside() -> None:
    """UP-06: addresses of other hosts, of other folders above the package, and absolute ones mean nothing."""
    for address in ("https://x/y.png", "../../secret.png", "/secret.png", "file:///etc/passwd", "..%2F..%2Fsecret.png"):
        body = f'<p><img src="{address}" alt="map"/></p>{TWO}'
        found = one(
            zipped(
                imsmanifest__xml='<?xml version="1.0"?><manifest><resources><resource type="imsqti_item_xmlv2p1" href="a/b.xml"/></resources></manifest>',
                **{"a/b__xml": qti(body, SINGLE, MATCH), "secret__png": picture().data},
            )
        )
        assert found.fields
        assert not found.media
        assert "[map]" in found.fields["content"]["stem"]


# --- QTI 1.2 ---


def asi(presentation: str, processing: str, kind: str = "", more: str = "") -> str:
    return f"""<?xml version="1.0"?><questestinterop><item ident="i" title="T"><itemmetadata><qtimetadata><qtimetadatafield>
      <fieldlabel>question_type</fieldlabel><fieldentry>{kind}</fieldentry></qtimetadatafield></qtimetadata></itemmetadata>
      <presentation><material><mattext texttype="text/html">&lt;p&gt;Which [one] &lt;b&gt;it&lt;/b&gt;?&lt;/p&gt;</mattext></material>{presentation}</presentation>
      <resprocessing>{processing}</resprocessing>{more}</item></questestinterop>"""


def lid(*names: str, ident: str = "response1", cardinality: str = "Single", material: str = "") -> str:
    labels = "".join(
        f'<response_label ident="{name}"><material><mattext>{name.upper()}</mattext></material></response_label>'
        for name in names
    )
    return f'<response_lid ident="{ident}" rcardinality="{cardinality}">{material}<render_choice>{labels}</render_choice></response_lid>'


def when(condition: str, score: str = "100", action: str = "Set", more: str = "", go_on: str = "No") -> str:
    return f'<respcondition continue="{go_on}"><conditionvar>{condition}</conditionvar><setvar action="{action}" varname="SCORE">{score}</setvar>{more}</respcondition>'


def equal(value: str, ident: str = "response1") -> str:
    return f'<varequal respident="{ident}">{value}</varequal>'


def test_qti_12_single_choice_with_feedback() -> None:
    shown = '<displayfeedback feedbacktype="Response" linkrefid="fb"/>'
    always = '<respcondition continue="Yes"><conditionvar><other/></conditionvar><displayfeedback linkrefid="all"/></respcondition>'
    more = "".join(
        f'<itemfeedback ident="{name}"><flow_mat><material><mattext>{name}!</mattext></material></flow_mat></itemfeedback>'
        for name in ("fb", "all")
    )
    content, key = fields(
        asi(
            lid("a", "b"),
            always + when(equal("a"), more=shown) + when(equal("b"), "50"),
            "multiple_choice_question",
            more,
        )
    )
    texts = {option["text"]: option["id"] for option in content["options"]}
    assert content["stem"] == "Which [one] <b>it</b>?"
    assert (key["weights"][texts["A"]], key["weights"][texts["B"]], key["general"]) == ("1", "0.5", "all!")
    assert key["feedback"] == {texts["A"]: "fb!"}


def test_qti_12_true_false_and_several_answers() -> None:
    assert one(asi(lid("true", "false"), when(equal("true")), "true_false_question")).reason == ""
    strict = when(f"<and>{equal('a')}{equal('b')}<not>{equal('c')}</not></and>")
    content, key = fields(asi(lid("a", "b", "c", cardinality="Multiple"), strict, "multiple_answers_question"))
    right = {option["text"] for option in content["options"] if key["weights"][option["id"]] != "0"}
    assert (right, key["scoring"]) == ({"A", "B"}, "all")


def test_qti_12_matching_blanks_and_lists() -> None:
    def line(name: str) -> str:
        return lid("x", "y", ident=f"response_{name}", material=f"<material><mattext>{name}</mattext></material>")

    scored = when(equal("x", "response_p"), "50", "Add", go_on="Yes") + when(
        equal("y", "response_q"), "50", "Add", go_on="Yes"
    )
    content, key = fields(asi(line("p") + line("q"), scored, "matching_question"))
    assert {prompt["text"] for prompt in content["prompts"]} == {"p", "q"}
    assert len(key["pairs"]) == 2
    blank = lid("x", "y", ident="response_one").replace("response_lid", "response_lid")
    both = blank + lid("u", "v", ident="response_it")
    found = asi(
        both,
        when(equal("x", "response_one"), "50", "Add", go_on="Yes")
        + when(equal("v", "response_it"), "50", "Add", go_on="Yes"),
        "multiple_dropdowns_question",
    )
    content, _ = fields(found.replace("&lt;b&gt;it&lt;/b&gt;", "[it]"))
    assert content["stem"] == "Which [[g1]] [[g2]]?"
    typed, key = fields(
        found.replace("&lt;b&gt;it&lt;/b&gt;", "[it]").replace("multiple_dropdowns", "fill_in_multiple_blanks")
    )
    assert [gap["kind"] for gap in typed["gaps"]] == ["text", "text"]
    assert key["gaps"]["g1"]["texts"] == [{"pattern": "X"}]


def test_qti_12_typed_answers() -> None:
    entry = '<response_str ident="response1"><render_fib/></response_str>'
    _, key = fields(asi(entry, when(equal("Paris")) + when(equal("Lyon"), "50"), "short_answer_question"))
    assert [(one["pattern"], one.get("weight", "1")) for one in key["answers"]] == [("Paris", "1"), ("Lyon", "0.5")]
    between = '<or><varequal respident="response1">5</varequal><and><vargte respident="response1">4</vargte><varlte respident="response1">6</varlte></and></or>'
    _, key = fields(asi(entry, when(between), "numerical_question"))
    assert key["answers"] == [{"low": "4", "high": "6"}]
    assert (
        "people mark it"
        in one(asi(entry, "<respcondition><conditionvar><other/></conditionvar></respcondition>")).reason
    )


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("text_only_question", "description"),
        ("calculated_question", "drawn anew"),
    ],
)
def test_qti_12_refuses_with_the_reason(kind: str, reason: str) -> None:
    assert reason in one(asi("", "", kind)).reason
    assert "has no counterpart" in one(asi("", "")).reason
    assert "durlt" in one(asi(lid("a", "b"), when("<durlt>1</durlt>"))).reason


def test_qti_12_essays_and_files_are_marked_by_people() -> None:
    for kind, type_ in (("essay_question", "essay"), ("file_upload_question", "upload")):
        found = one(asi("", "", kind))
        assert found.fields["type"] == type_


def test_moodle_essays_keep_length_worth_and_notes() -> None:
    inner = (
        "<defaultgrade>5</defaultgrade><responsefieldlines>40</responsefieldlines><minwordlimit>10</minwordlimit>"
        "<maxwordlimit>200</maxwordlimit><attachments>1</attachments><graderinfo><text>Look for two.</text></graderinfo>"
        "<responsetemplate><text>Dear Sam</text></responsetemplate>"
    )
    found = one(moodle("essay", inner))
    content, key = items.validated("essay", found.fields["content"], found.fields["key"])
    assert {name: content[name] for name in ("worth", "words_min", "words_max", "lines")} == {
        "worth": "5",
        "words_min": 10,
        "words_max": 200,
        "lines": 40,
    }
    assert key["notes"] == "Look for two."
    assert found.notes == (
        "the text that the field begins with is left out",
        "files beside the text are not asked for",
    )
    assert "the grade 0.333 is left out" in one(moodle("essay", "<defaultgrade>0.333</defaultgrade>")).notes[0]


def test_moodle_essays_without_text_are_files() -> None:
    inner = "<responseformat>noinline</responseformat><filetypeslist>.pdf,web_image</filetypeslist><maxbytes>2097152</maxbytes>"
    content = one(moodle("essay", inner)).fields["content"]
    assert (content["kinds"], content["megabytes"]) == (["pdf", "picture"], 2)
    everything = one(moodle("essay", "<responseformat>noinline</responseformat>")).fields["content"]
    assert (len(everything["kinds"]), everything.get("megabytes", 10)) == (4, 10)


def test_qti_files_are_asked_for_by_media_type() -> None:
    def kinds(types: str) -> list[str]:
        asked = f'<p>Send it.</p><uploadInteraction responseIdentifier="RESPONSE"{types}/>'
        return one(qti(asked, SINGLE, "")).fields["content"]["kinds"]

    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    assert kinds(f' type="image/png {word} application/pdf text/plain"') == ["pdf", "picture", "document", "text"]
    assert kinds(' type="image/jpeg"') == ["picture"]
    assert len(kinds("")) == 4


def test_qti_essays_keep_notes_for_scorers_and_the_most_points() -> None:
    asked = (
        '<p>Why?</p><extendedTextInteraction responseIdentifier="RESPONSE" expectedLines="9"/>'
        '<rubricBlock view="scorer"><p>Two points each.</p></rubricBlock>'
    )
    most = '<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float" normalMaximum="25"/>'
    found = one(qti(asked, SINGLE + most, ""))
    assert (found.fields["content"]["lines"], found.fields["content"]["worth"]) == (9, "25")
    assert (found.fields["key"]["notes"], found.notes) == ("Two points each.", ())


# --- Sheets ---

SHEET = """code,type,topic,tags,level,stem,answer 1,weight 1,answer 2,weight 2,feedback 2
A,choice,Sizing,x|y,apply,"Which, if any?",yes,100,no,0,wrong
,true-false,,,,It is so.,true,,,,
C,numeric,,,,How many?,9..11,,,,
D,nothing,,,,What?,,,,,
E,choice,,,flying,What?,a,100,b,,

F,short answer,,,,What?,=cmd,100%,,,
"""


def test_csv_reads_rows_and_refuses_them_one_by_one() -> None:
    found = read(SHEET)
    assert [(row.line, row.code[:8], row.fields and row.fields["type"]) for row in found] == [
        (2, "A", "choice"), (3, "untitled", "true_false"), (4, "C", "numeric"), (5, "", None), (6, "", None), (8, "F", "short_answer"),
    ]  # fmt: skip
    assert (found[0].meta.topic, found[0].meta.tags, found[0].meta.level) == ("Sizing", ("x", "y"), "apply")
    assert [row.reason for row in found[3:5]] == [
        "There is no item type “nothing”.",
        "“flying” is no level; the levels are remember, understand, apply, analyse, evaluate, create.",
    ]


def test_csv_with_semicolons_and_an_old_encoding() -> None:
    text = "type;stem;answer 1;weight 1;answer 2\nchoice;Größe?;ä;100;b\n"
    assert fields(text.encode("windows-1252"))[0]["stem"] == "Größe?"


def test_csv_cells_calculate_nothing() -> None:
    """An exported cell that begins like a formula has an apostrophe before it, and comes back without."""
    for stem in ("=1+1", "'=1+1", "-2", "@x", "\t=1"):
        content, key = items.validated("true_false", {"stem": stem}, {"answer": True})
        loaded = items.load("true_false", content, key)
        data, _ = formats.WRITABLE["csv"].write(
            [Outgoing(code="=A", meta=formats.NO_META, type="true_false", content=loaded[0], key=loaded[1])]
        )
        cells = data.decode("utf-8-sig").splitlines()[1].split(",")
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))]
        assert fields(data)[0]["stem"] == content["stem"]
        assert one(data).code == "=A"


def test_csv_more_must_be_what_it_says() -> None:
    for more in ("[1]", '{""x"": 1}', '{""key"": 1}', "{", '{""key"": {""nothing"": 1}}'):
        found = one(f'type,stem,answer 1,weight 1,answer 2,more\nchoice,S,a,100,b,"{more}"\n')
        assert found.reason


def book(rows: list[list[object]]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def test_xlsx_reads_the_first_sheet() -> None:
    data = book(
        [
            ["Type", "Stem", "answer 1", "weight 1", "answer 2"],
            ["choice", "Which?", 2.5, 100, True],
            [None],
            ["choice", "", "a", 100, "b"],
        ]
    )
    source = Source(data)
    assert (formats.detect(source).name, source.encoding) == ("xlsx", "zip")
    found = list(formats.read_items(source))
    assert found[0].fields
    assert [option["text"] for option in found[0].fields["content"]["options"]] == ["2.5", "true"]
    assert (found[1].line, found[1].reason) == (4, "The question has no text.")


def test_xlsx_without_the_columns_or_broken_is_refused() -> None:
    assert "does not name the columns" in one(book([["a", "b"]])).reason
    with pytest.raises(UnsafeInput, match="workbook cannot be read"):
        read(zipped(**{"xl/workbook__xml": "<a/>"}))


# --- Media ---


def test_media_are_known_by_their_content() -> None:
    """UP-11: whatever the name says; what is neither picture nor sound is not kept."""
    from lms.assessments.formats.media import sniff

    assert sniff(picture().data)
    assert [
        medium and medium.extension for medium in map(sniff, (b"ID3x", b"OggS", b"RIFFxxxxWAVE", b"xxxxftypM4A "))
    ] == ["mp3", "ogg", "wav", "m4a"]
    for data in (b"", b"<html>", b"%PDF-1.4", b"\x89PNG broken", picture().data[:60], b"MZ", b"x" * 10_000_001):
        assert sniff(data) is None


@pytest.mark.parametrize(
    ("inner", "is_kept"),
    [
        ("<rect/>", True),
        ("<script>alert(1)</script>", False),
        ("<rect onload='x'/>", False),
        ("<a href='https://x'/>", False),
        ("<foreignObject/>", False),
        ("<image href='https://x'/>", False),
    ],
)
def test_drawings_are_kept_without_scripts_only(inner: str, is_kept: bool) -> None:
    """UP-10."""
    from lms.assessments.formats.media import sniff

    made = sniff(f"<svg xmlns='http://www.w3.org/2000/svg' width='4' height='5px'>{inner}</svg>".encode())
    assert (made is not None) is is_kept
    assert sniff(b"<!DOCTYPE svg><svg/>") is None
    if made:
        assert (made.width, made.height, made.content_type) == (4, 5, "image/svg+xml")


def test_pictures_in_the_text_itself_are_kept() -> None:
    for text in (
        f"[html]<p>See <img src\\='{picture().data_uri.replace(':', chr(92) + ':').replace('=', chr(92) + '=')}' alt\\='A'></p>{{T}}",
        "[html]See <img src\\='data\\:text/html,x' alt\\='A'>{T}",
    ):
        found = one(text)
        assert found.fields
    assert one(
        f'[html]<img src\\="{picture().data_uri.replace(":", chr(92) + ":").replace("=", chr(92) + "=")}">x{{T}}'
    ).notes == (f"a picture has no alternative text: {picture().data_uri[:100]}",)
