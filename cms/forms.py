"""What the catalogue can be asked for."""

from django import forms

from cms.catalogue import Filters
from courses.models import Need
from lms.partners.models import Persona

EVERYBODY = "all"
MINUTES = (15, 30, 60)


class CatalogueForm(forms.Form):
    """Reads the query string; what it does not know it ignores."""

    q = forms.CharField(required=False, empty_value="")
    need = forms.ChoiceField(choices=Need, required=False)
    persona = forms.SlugField(required=False)
    minutes = forms.TypedChoiceField(choices=[(n, n) for n in MINUTES], coerce=int, empty_value=None, required=False)

    def filters(self, personas: list[Persona], own: Persona | None) -> Filters:
        """The filters asked for. Without a word about personas it is one's own; `all` is everybody."""
        self.is_valid()
        data = self.cleaned_data
        asked = data.get("persona", "")
        chosen = next((p for p in personas if p.slug == asked), None if asked == EVERYBODY else own)
        return Filters(q=data.get("q", ""), need=data.get("need", ""), persona=chosen, minutes=data.get("minutes"))
