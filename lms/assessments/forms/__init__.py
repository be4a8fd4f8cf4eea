"""What candidates and authors send."""

from lms.assessments.forms.answers import SaveForm, read_answer, read_upload, refill
from lms.assessments.forms.editing import NewItemForm
from lms.assessments.forms.editors import editor_for
from lms.assessments.forms.transfer import ExportForm, ImportForm

__all__ = ["ExportForm", "ImportForm", "NewItemForm", "SaveForm", "editor_for", "read_answer", "read_upload", "refill"]
