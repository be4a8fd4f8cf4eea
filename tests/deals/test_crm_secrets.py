"""Changing the secrets of a CRM system: when it may be done, and what stays valid."""

from datetime import datetime, timedelta

import pytest

from lms.accounts.models import AuditEntry
from lms.common import webhooks
from lms.deals import services
from lms.deals.crm import Direction
from lms.deals.services import crm_systems
from tests.deals.factories import head_of_channel
from tests.deals.test_crm_sending import crm

pytestmark = pytest.mark.django_db


def test_secrets_are_changed_again_only_after_the_old_ones_ended(now: datetime) -> None:
    """Else a form that is sent twice would end at once what the CRM works with."""
    system, first = crm(now)
    by, hour = head_of_channel("R"), timedelta(hours=1)
    services.rotate_secret(system=system, by=by, at=now)
    with pytest.raises(services.SecretsJustChanged, match="valid until 17 November, 09:00 UTC"):
        services.rotate_secret(system=system, by=by, at=now + hour)
    system.refresh_from_db()
    assert webhooks.read_secret(first.outgoing) in crm_systems.keys_of(system, Direction.OUT, now + hour)
    for _ in range(2):
        services.end_old_secrets(system=system, by=by, at=now + hour)
    system.refresh_from_db()
    assert len(crm_systems.keys_of(system, Direction.OUT, now + hour)) == 1
    assert AuditEntry.objects.filter(action="deals.end_old_secrets").count() == 1
    services.rotate_secret(system=system, by=by, at=now + hour)
    services.rotate_secret(system=system, by=by, at=now + hour + crm_systems.ROTATION)
