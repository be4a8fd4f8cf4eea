"""CSV and XLSX: one row for each item, answers in numbered columns, and one cell of JSON for what has no column.

code, type, topic, tags, objective, level, stem, general, answer 1, weight 1, feedback 1, match 1, ..., more
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from lms.assessments import items as engine
from lms.assessments.formats.base import (
    LEVELS,
    Drafted,
    Draw,
    Format,
    Meta,
    Outgoing,
    Refused,
    Source,
    Told,
    Unreadable,
    WritableFormat,
)
from lms.assessments.formats.drafts import Draft, Text, interval, number
from lms.assessments.formats.outgoing import Writing, percent, title_of
from lms.assessments.items import ItemInvalid, builders
from lms.assessments.items.builders import ItemFields
from lms.common.guards import UnsafeInput, clean_cell, load_json
from lms.common.tables import sheet_rows

COLUMNS = ("code", "type", "topic", "tags", "objective", "level", "stem", "general")
_PARTS = ("answer", "weight", "feedback", "match")
_ANSWER = re.compile(r"(answer|weight|feedback|match) (\d{1,3})")
_QUOTED = re.compile(r"'+\s*[=+\-@\t\r＝＋－＠]")
_TYPES = {
    **{name: name for name in engine.TYPES},
    "single": "choice",
    "multiple": "choices",
    "multichoice": "choice",
    "truefalse": "true_false",
    "shortanswer": "short_answer",
    "numerical": "numeric",
    "order": "ordering",
    "match": "matching",
}
_SIMPLE = {"choice", "choices", "true_false", "matching", "ordering", "numeric", "short_answer"}
MAX_ROWS = 20_000
MAX_COLUMNS = 500
Row = dict[str, str]


class Csv(WritableFormat):
    name, label, extension = "csv", "CSV", "csv"
    content_type = "text/csv; charset=utf-8"

    def recognises(self, source: Source) -> bool:
        if source.archive is not None or source.is_xml:
            return False
        first = source.text.lstrip().partition("\n")[0].lower()
        return {"type", "stem"} <= {cell.strip().strip('"') for cell in re.split(r"[,;\t]", first)}

    def read(self, source: Source) -> Draw:
        first = source.text.lstrip().partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        csv.field_size_limit(2_000_000)
        reader = csv.reader(io.StringIO(source.text.lstrip(), newline=""), delimiter=delimiter)
        try:
            head = [cell.strip().lower() for cell in next(reader)]
            yield from _read(head, ((reader.line_num, row) for row in reader))
        except csv.Error as error:
            yield Refused(line=reader.line_num, reason=f"From here on this is no CSV: {error}.")

    def write(self, items: Sequence[Outgoing]) -> tuple[bytes, list[Told]]:
        rows = [_row(Writing(item)) for item in items]
        most = max((int(found[2]) for row in rows for name in row if (found := _ANSWER.fullmatch(name))), default=0)
        head = [*COLUMNS, *(f"{part} {place}" for place in range(1, most + 1) for part in _PARTS), "more"]
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        writer.writerow(head)
        writer.writerows([_cell(row.get(name, "")) for name in head] for row in rows)
        told = [Told(code=item.code, type=item.type) for item in items]
        return buffer.getvalue().encode("utf-8-sig"), told


class Xlsx(Format):
    """Read only: the first sheet, by the same columns."""

    name, label, extension = "xlsx", "XLSX", "xlsx"

    def recognises(self, source: Source) -> bool:
        return source.archive is not None and "xl/workbook.xml" in source.archive

    def read(self, source: Source) -> Draw:
        rows = self._rows(source)
        line, head = next(rows, (0, []))
        names = [cell.strip().lower() for cell in head]
        if not {"type", "stem"} <= set(names):
            yield Refused(line=line or 1, reason="The first row does not name the columns “type” and “stem”.")
            return
        yield from _read(names, rows)

    def _rows(self, source: Source) -> Iterator[tuple[int, list[str]]]:
        assert source.archive is not None  # noqa: S101  it was recognised
        for line, cells in sheet_rows(source.data, source.archive, most_columns=MAX_COLUMNS):
            if line > MAX_ROWS:
                raise UnsafeInput(f"The sheet has more than {MAX_ROWS} rows.")
            yield line, cells


# --- Reading ---


def _read(head: Sequence[str], rows: Iterator[tuple[int, list[str]]]) -> Draw:
    before = 1
    for line, cells in rows:
        row = {name: _unquoted(cell) for name, cell in zip(head, cells, strict=False) if name}
        first, before = before + 1, line
        if not any(cell.strip() for cell in cells):
            continue
        draft = Draft()
        title = " ".join(row.get("code", "").split())
        try:
            fields = _fields(draft, row)
            meta = _meta(row)
        except (ItemInvalid, Unreadable, UnsafeInput) as error:
            yield Refused(line=first, title=title, reason=str(error))
            continue
        yield Drafted(
            line=first, title=title, code=title, meta=meta, fields=fields, notes=tuple(draft.notes), media=draft.media
        )


def _unquoted(cell: str) -> str:
    """A cell without the apostrophe that keeps spreadsheets from calculating."""
    return cell[1:] if _QUOTED.match(cell) else cell


def _meta(row: Row) -> Meta:
    level = row.get("level", "").strip().lower()
    if level and level not in LEVELS:
        raise Unreadable(f"“{level[:40]}” is no level; the levels are {', '.join(LEVELS)}.")
    tags = re.split(r"[|;]", row.get("tags", ""))
    made = Meta.from_tags(" ".join(row.get("topic", "").split())[:100], tags)
    objective = " ".join(row.get("objective", "").split())[:300]
    return Meta(topic=made.topic, tags=made.tags, objective=objective, level=level)


def _fields(draft: Draft, row: Row) -> ItemFields:
    written = re.sub(r"[\s-]+", "_", row.get("type", "").strip().lower())
    kind = _TYPES.get(written) or _TYPES.get(written.replace("_", ""))
    if kind is None:
        raise Unreadable(f"There is no item type “{row.get('type', '')[:40]}”.")
    more = load_json(row["more"]) if row.get("more", "").strip() else {}
    if not isinstance(more, dict) or not set(more) <= {"content", "key"}:
        raise Unreadable("The column “more” holds no content and key.")
    stem, general = _html(draft, row.get("stem", "")), _html(draft, row.get("general", ""))
    fields = _by_kind(draft, kind, stem, general, list(_answers(row))) if kind in _SIMPLE else None
    if fields is None:
        fields = {"type": kind, "content": {"stem": stem}, "key": {"general": general}}
    for part in ("content", "key"):
        own = more.get(part, {})
        if not isinstance(own, dict):
            raise Unreadable("The column “more” holds no content and key.")
        fields[part] |= _kept(draft, own)
    return fields


def _html(draft: Draft, text: str) -> str:
    return draft.html(Text(text=text.strip(), format="html" if _looks_like_html(text) else "plain"))


def _looks_like_html(text: str) -> bool:
    return bool(re.search(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?>|&(?:#\d+|#x[0-9a-f]+|[a-z]+);", text, re.IGNORECASE))


def _kept(draft: Draft, value: Any) -> Any:
    """Members with the pictures that came as data: addresses kept."""
    if isinstance(value, dict):
        return {name: _kept(draft, member) for name, member in value.items()}
    if isinstance(value, list):
        return [_kept(draft, member) for member in value]
    if isinstance(value, str) and value.startswith("data:"):
        medium = draft.keep(value)
        return f"media:{medium.digest}" if medium else ""
    return _html(draft, value) if isinstance(value, str) and 'src="data:' in value else value


def _answers(row: Row) -> Iterator[Row]:
    places = sorted({int(found[2]) for name in row if (found := _ANSWER.fullmatch(name))})
    for place in places:
        one = {part: row.get(f"{part} {place}", "").strip() for part in _PARTS}
        if any(one.values()):
            yield one


def _weight(text: str, default: str = "0") -> Decimal:
    """ "50", "50%" or nothing."""
    return number(text.rstrip("%") or default, "weight") / 100


def _by_kind(draft: Draft, kind: str, stem: str, general: str, answers: list[Row]) -> ItemFields:
    remarks = [_html(draft, one["feedback"]) for one in answers]
    texts = [one["answer"] for one in answers]
    match kind:
        case "choice" | "choices":
            options = [
                (_html(draft, text), _weight(one["weight"]), remark)
                for text, one, remark in zip(texts, answers, remarks, strict=True)
            ]
            return builders.choice(stem, options, general=general, is_multiple=kind == "choices")
        case "true_false":
            by_name = {text.lower(): place for place, text in enumerate(texts)}
            right = [
                text.lower() for text, one in zip(texts, answers, strict=True) if _weight(one["weight"], "100") > 0
            ]
            if len(right) != 1 or not set(by_name) <= {"true", "false"}:
                raise Unreadable("The answers are not true and false, one of them with a weight.")
            feedback = {name: remarks[place] for name, place in by_name.items()}
            return builders.true_false(stem, right[0] == "true", feedback=feedback, general=general)
        case "matching":
            pairs = [(_html(draft, one["answer"]), _html(draft, one["match"])) for one in answers]
            distractors = [option for prompt, option in pairs if not prompt]
            return builders.matching(
                stem, [pair for pair in pairs if pair[0]], distractors=distractors, general=general
            )
        case "ordering":
            return builders.ordering(stem, [_html(draft, text) for text in texts], general=general)
        case "numeric":
            numbers = [
                (*interval(text), _weight(one["weight"], "100"), remark)
                for text, one, remark in zip(texts, answers, remarks, strict=True)
            ]
            return builders.numeric(stem, numbers, general=general)
        case _:
            patterns = [
                (" ".join(text.split()), _weight(one["weight"], "100"), remark)
                for text, one, remark in zip(texts, answers, remarks, strict=True)
            ]
            return builders.short_answer(stem, patterns, general=general)


# --- Writing ---


def _row(writing: Writing) -> dict[str, Any]:
    item = writing.item
    content, key = engine.stored(item.content), engine.stored(item.key)
    row: dict[str, Any] = {
        "code": title_of(item),
        "type": item.type,
        "topic": item.meta.topic,
        "tags": "|".join(item.meta.tags),
        "objective": item.meta.objective,
        "level": item.meta.level,
        "stem": writing.html(content.pop("stem")),
        "general": writing.html(key.pop("general", "")),
    }
    if item.type in _SIMPLE:
        answers = _written(item.type, content, key)
        for place, one in enumerate(answers, start=1):
            for part, value in one.items():
                row[f"{part} {place}"] = writing.html(value) if isinstance(value, str) else value
    more = {name: part for name, part in (("content", content), ("key", key)) if part}
    row["more"] = json.dumps(_carried(writing, more), ensure_ascii=False, sort_keys=True) if more else ""
    return row


def _carried(writing: Writing, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _carried(writing, member) for name, member in value.items()}
    if isinstance(value, list):
        return [_carried(writing, member) for member in value]
    if isinstance(value, str) and value.startswith("media:"):
        medium = writing.item.medium(value.removeprefix("media:"))
        return medium.data_uri if medium else ""
    return writing.html(value) if isinstance(value, str) else value


def _written(kind: str, content: Any, key: Any) -> list[dict[str, Any]]:
    """The answers as columns; what they say is taken out of content and key, the rest stays for “more”."""
    if kind == "short_answer" and any(one.get("is_regex") for one in key["answers"]):
        return []
    return _WRITERS[kind](content, key)


def _choice_columns(content: Any, key: Any) -> list[dict[str, Any]]:
    options, weights, remarks = content.pop("options"), key.pop("weights"), key.pop("feedback", {})
    if any(option.get("is_pinned") for option in options):
        content["options"] = options
    return [
        {"answer": one["text"], "weight": _percent(weights[one["id"]]), "feedback": remarks.get(one["id"], "")}
        for one in options
    ]


def _truth_columns(content: Any, key: Any) -> list[dict[str, Any]]:
    right, remarks = key.pop("answer"), key.pop("feedback", {})
    return [
        {"answer": name, "weight": Decimal(100 if right is (name == "true") else 0), "feedback": remarks.get(name, "")}
        for name in ("true", "false")
    ]


def _matching_columns(content: Any, key: Any) -> list[dict[str, Any]]:
    pairs, prompts, options = key.pop("pairs"), content.pop("prompts"), content.pop("options")
    texts, used = {one["id"]: one["text"] for one in options}, set(pairs.values())
    rows = [{"answer": prompt["text"], "match": texts[pairs[prompt["id"]]]} for prompt in prompts]
    return rows + [{"answer": "", "match": one["text"]} for one in options if one["id"] not in used]


def _ordering_columns(content: Any, key: Any) -> list[dict[str, Any]]:
    texts = {one["id"]: one["text"] for one in content.pop("options")}
    return [{"answer": texts[name]} for name in key.pop("sequence")]


def _answer_columns(content: Any, key: Any) -> list[dict[str, Any]]:
    return [
        {
            "answer": one["pattern"] if "pattern" in one else _ends(one["low"], one["high"]),
            "weight": _percent(one.get("weight", "1")),
            "feedback": one.get("feedback", ""),
        }
        for one in key.pop("answers")
    ]


def _ends(low: str, high: str) -> str:
    return low if low == high else f"{low}..{high}"


_WRITERS: dict[str, Callable[[Any, Any], list[dict[str, Any]]]] = {
    "choice": _choice_columns,
    "choices": _choice_columns,
    "true_false": _truth_columns,
    "matching": _matching_columns,
    "ordering": _ordering_columns,
    "numeric": _answer_columns,
    "short_answer": _answer_columns,
}


def _percent(weight: str) -> Decimal:
    return Decimal(percent(Decimal(weight)))


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet calculates; an apostrophe before what would begin a formula, also after others."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return f"'{value}" if isinstance(value, str) and _QUOTED.match(value) else clean_cell(value)
