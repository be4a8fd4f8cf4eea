"""A course with one block of each kind, and a playbook, in the format of fixtures/demo."""

from typing import Any


def course_data() -> dict[str, Any]:
    text = {"type": "rich_text", "value": "<p>First <b>words</b>.</p>"}
    film = {"file": "film.webm", "captions": "film.vtt", "poster": "picture.png", "title": "The film"}
    first = [
        text,
        {"type": "three_points", "value": {"problem": "Dark", "solution": "Light", "contact": "Desk"}},
        {"type": "image", "value": {"file": "picture.png", "alt": "A green field", "caption": "Green"}},
        {"type": "callout", "value": {"tone": "do_not_say", "title": "Real time", "text": "<p>Say 30 s.</p>"}},
        {"type": "code", "value": {"language": "bash", "code": "echo <b>"}},
        {"type": "accordion", "value": [{"title": "Fold", "text": "<p>Folded.</p>"}]},
        {"type": "download", "value": {"file": "sheet.csv", "title": "The sheet"}},
        {"type": "video", "value": {**film, "transcript": "<p>Hello.</p>"}},
    ]
    second = [text, {"type": "knowledge_check", "value": {"item": "item-1"}}]
    module = {
        "title": "Basics",
        "objectives": ["Know it"],
        "lessons": [
            {"slug": "first", "title": "First lesson", "minutes": 6, "body": first},
            {"slug": "second", "title": "Second lesson", "minutes": 4, "body": second},
        ],
        "resources": [{"title": "Sheet", "text": "Two pages"}],
    }
    return {
        "slug": "sizing",
        "title": "Sizing Halden",
        "promise": "You can size it.",
        "need": "get-certified",
        "personas": [],
        "partner_types": [],
        "regions": [],
        "minimum_tier": "",
        "review_in_months": 12,
        "objectives": ["Size it"],
        "modules": [module],
    }


def playbook_data() -> dict[str, Any]:
    return {
        "slug": "first-days",
        "title": "First days at a customer",
        "need": "implement-the-product",
        "personas": [],
        "minutes": 12,
        "review_in_months": 12,
        "summary": "From the order to a customer who runs it without you.",
        "how_you_earn": "Design and training are yours.",
        "stages": [
            {
                "title": "Agree",
                "goal": "Requirements with numbers.",
                "plays": [{"title": "Kick-off", "text": "<p>Invite both sides.</p>"}],
                "questions": ["Who owns it?"],
            }
        ],
    }
