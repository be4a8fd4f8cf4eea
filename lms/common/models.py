"""Abstract bases for models. This module holds no table of its own."""

import uuid

from django.db import models


class PublicIdModel(models.Model):
    """A row people may point at: `public_id` stands in URLs, PDFs and JSON and never changes; `id` stays inside."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True
