"""How much of a deal's value the vendor expects, by stage."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.common.models import PublicIdModel
from lms.deals.stages import OPEN_STAGES


def _percent() -> "models.PositiveSmallIntegerField[int, int]":
    return models.PositiveSmallIntegerField(help_text="Percent")


class StageWeights(PublicIdModel):
    """The vendor's weights of the forecast, whole percent per stage, why, and who said so. Never changed: the newest
    row is in force, those before it are the history.
    """

    waiting = _percent()
    asked = _percent()
    contested = _percent()
    protected = _percent()
    reason = models.CharField(max_length=300)
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{kind.key}__lte": 100}), name=f"deals_weight_{kind.key}_percent"
                )
                for kind in OPEN_STAGES
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="deals_weights_have_a_reason"),
        ]

    def __str__(self) -> str:
        return f"Weights of {self.set_at:%Y-%m-%d}"

    @property
    def by_stage(self) -> dict[str, int]:
        """Percent per key of a stage."""
        return {kind.key: getattr(self, kind.key) for kind in OPEN_STAGES}
