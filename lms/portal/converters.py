"""Parts of addresses that are one of a few words."""

from django.urls import register_converter
from django.urls.converters import StringConverter


class ProgrammeReport(StringConverter):
    """A report over all partners."""

    regex = "portfolio|overview"


class FileForm(StringConverter):
    """A form of file that reports come in."""

    regex = "csv|xlsx|pdf"


register_converter(ProgrammeReport, "programme_report")
register_converter(FileForm, "file_form")
