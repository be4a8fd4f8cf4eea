"""Choosers of our own for the editor."""

from django import forms
from django.db.models import Q, QuerySet
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.chooser import BaseChooseView, ChooseResultsView, ChooseView
from wagtail.admin.viewsets.chooser import ChooserViewSet

from lms.assessments.models import Item
from lms.assets.models import Asset
from lms.common.guards import clean_search_query


class ItemFilterForm(BaseFilterForm):
    q = forms.CharField(label="Search", required=False)

    def filter(self, objects: QuerySet[Item]) -> QuerySet[Item]:
        self.search_query = clean_search_query(self.cleaned_data["q"])
        self.is_searching = bool(self.search_query)
        for word in self.search_query.split():
            objects = objects.filter(Q(code__icontains=word) | Q(topic__icontains=word) | Q(bank__name__icontains=word))
        return objects


class ItemList(BaseChooseView):
    """Items fit for a lesson: a check tells what is right, so none that an exam may draw."""

    filter_form_class = ItemFilterForm
    ordering = ["bank__name", "code"]

    def get_object_list(self) -> QuerySet[Item]:
        return Item.objects.for_checks().select_related("bank")

    @property
    def columns(self) -> list[Column]:
        return [self.title_column, Column("topic", label="Topic"), Column("bank", label="Bank")]


class ItemChooseView(ItemList, ChooseView):
    pass


class ItemChooseResultsView(ItemList, ChooseResultsView):
    pass


class ItemChooserViewSet(ChooserViewSet):
    model = Item
    icon = "help"
    choose_one_text = "Choose a question"
    choose_another_text = "Choose another question"
    choose_view_class = ItemChooseView
    choose_results_view_class = ItemChooseResultsView


item_chooser = ItemChooserViewSet("item_chooser")
ItemChooserBlock = item_chooser.get_block_class(name="ItemChooserBlock", module_path="cms.choosers")


class AssetList(BaseChooseView):
    """Assets that partners have or will have again."""

    ordering = ["title"]

    def get_object_list(self) -> QuerySet[Asset]:
        return Asset.objects.filter(retired_at=None)

    @property
    def columns(self) -> list[Column]:
        return [self.title_column, Column("get_kind_display", label="Kind"), Column("language", label="Language")]


class AssetChooseView(AssetList, ChooseView):
    pass


class AssetChooseResultsView(AssetList, ChooseResultsView):
    pass


class AssetChooserViewSet(ChooserViewSet):
    model = Asset
    icon = "doc-full"
    choose_one_text = "Choose an asset"
    choose_another_text = "Choose another asset"
    choose_view_class = AssetChooseView
    choose_results_view_class = AssetChooseResultsView


asset_chooser = AssetChooserViewSet("asset_chooser")
AssetChooserBlock = asset_chooser.get_block_class(name="AssetChooserBlock", module_path="cms.choosers")
