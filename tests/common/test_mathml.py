"""Formulas: LaTeX and MathML become harmless MathML; and the policy of question texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.common.html import clean_item_html
from lms.common.mathml import clean_mathml, is_formula, latex_to_mathml, mathml_to_latex

DIGEST = "a" * 64
FRACTION = "<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>"


def test_latex_becomes_mathml_with_its_source() -> None:
    made = latex_to_mathml(r"\frac{a}{b} < c")
    assert made.startswith("<math><semantics><mrow><mfrac>")
    assert '<annotation encoding="application/x-tex">\\frac{a}{b} &lt; c</annotation>' in made
    assert 'display="block"' in latex_to_mathml("x", is_block=True)


@pytest.mark.parametrize("latex", ["", "  ", "x" * 2001, "\\frac{", "\\begin{nothing}"])
def test_what_is_no_formula_stays_text(latex: str) -> None:
    assert latex_to_mathml(latex) == "" or latex_to_mathml(latex).startswith("<math>")


def test_formulas_in_a_text_are_found_in_every_notation() -> None:
    for text in (r"\(x\)", r"\[x\]", "$$x$$", FRACTION):
        assert is_formula(text)
        assert "<math" in clean_item_html(f"<p>a {text} b</p>")
    assert not is_formula("it costs $5 or $6")


def test_formulas_can_be_edited_as_they_were_written() -> None:
    text = r"<p>\(a &lt; \frac{1}{2}\) and \[x\]</p>"
    assert mathml_to_latex(clean_item_html(text)) == text
    assert mathml_to_latex(FRACTION) == FRACTION


@pytest.mark.parametrize(
    "text",
    [
        "<math><mi>x</mi><script>alert(1)</script></math>",
        "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml></math>",
        "<math><mtext><img src=x></mtext></math>",
        "<math><maction actiontype='statusline'><mi>x</mi></maction></math>",
        "<math><mi>x</math>",
        "<math><!DOCTYPE x [<!ENTITY y 'z'>]><mi>&y;</mi></math>",
        "<math>" + "<mrow>" * 70 + "</mrow>" * 70 + "</math>",
        "<math>" + "x" * 60_000 + "</math>",
    ],
)
def test_mathml_with_anything_else_in_it_is_dropped(text: str) -> None:
    """XSS-06: rebuilt from a list, not filtered."""
    assert clean_mathml(text) == ""
    cleaned = clean_item_html(text)
    for part in ("<script", "<img", "onerror", "<math", "annotation-xml"):
        assert part not in cleaned


def test_mathml_keeps_no_link_style_or_handler() -> None:
    made = clean_mathml(
        '<math href="https://x" style="color:red" onclick="x" display="block"><mi id="i" class="c">x</mi></math>'
    )
    assert made == '<math display="block"><mi>x</mi></math>'
    assert clean_mathml('<math><mo stretchy="a&quot;b">x</mo></math>') == "<math><mo>x</mo></math>"


def test_question_texts_keep_media_that_are_kept_and_nothing_from_elsewhere() -> None:
    image = f'<img src="media:{DIGEST}" alt="A map" width="40">'
    assert clean_item_html(image) == image
    assert clean_item_html(f'<audio controls src="media:{DIGEST}"></audio>').startswith("<audio")
    for source in ("https://x/y.png", "//x/y.png", "/x.png", "data:image/png;base64,AA", "javascript:x", "media:short"):
        assert "src" not in clean_item_html(f'<img src="{source}" alt="x">')
    assert clean_item_html('<img src="https://x/y.png">') == ""
    assert "href" not in clean_item_html('<a href="media:nothing">x</a>')


def test_a_formula_in_an_attribute_breaks_nothing_out() -> None:
    """XSS-06: formulas are put in after the cleaning, and never into a tag."""
    cleaned = clean_item_html(
        f'<img src="media:{DIGEST}" alt="{FRACTION} \\(x\\)"><a title="\\(y\\)" href="https://x/">z</a>'
    )
    assert "<math" not in cleaned
    assert cleaned.count("<") == 3


@pytest.mark.parametrize("mark", ["\U0010f8f00\U0010f8f1", "\U0010f8f07\U0010f8f1"])
def test_private_marks_in_a_text_mean_nothing(mark: str) -> None:
    assert "math" not in clean_item_html(f"a {mark} b")


PIECES = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<math>", "</math>", "<mi>", "x", "\\(", "\\)", "$$", "<script>", "<img src=x onerror=y>", "<", ">", "&lt;",
         "&amp;", '"', "'", "<!--", "-->", "<svg>", "<style>", "</style>", '<img alt="', "<pre>\n\n", "</pre>", "<table><td>"]
    ),
    max_size=12,
)  # fmt: skip


@given(PIECES)
def test_cleaning_a_question_twice_changes_nothing(pieces: list[str]) -> None:
    once = clean_item_html("".join(pieces))
    assert clean_item_html(once) == once
    assert "<script" not in once
    assert "<img" not in once
