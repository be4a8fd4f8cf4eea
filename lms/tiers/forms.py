"""Publishing a programme from its YAML text."""

from typing import Any

from django import forms

from lms.tiers import engine, services
from lms.tiers.models import Programme


class PublishForm(forms.Form):
    """The rules as YAML and when they begin. Valid only when they may be published; each problem names its line."""

    programme = forms.ModelChoiceField(
        Programme.objects.order_by("name"), required=False, empty_label="The one that the document names"
    )
    text = forms.CharField(
        label="Rules (YAML)",
        max_length=engine.source.MAX_CHARACTERS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false"}),
    )
    effective_at = forms.DateTimeField(
        label="In force from (UTC)", help_text="Year-month-day hour:minute. Not before the newest decision."
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        try:
            source = engine.read_yaml(cleaned.get("text", ""))
            if not isinstance(source.document, dict):
                raise engine.DocumentError([engine.Problem((), "needs a mapping of names to values")])
            cleaned["rules"] = services.check_document(source.document, lines=source.lines)
            cleaned["source"] = source
        except (engine.DocumentError, services.ProgrammeRefused) as error:
            for problem in error.problems:
                self.add_error("text", str(problem))
        return cleaned
