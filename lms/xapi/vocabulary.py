"""The words of our statements: IRIs that others publish, and few of our own. docs/xapi-profile.md names each source."""

from django.conf import settings

_ADL = "http://adlnet.gov/expapi/verbs/"
REGISTERED = _ADL + "registered"
INITIALIZED = _ADL + "initialized"
EXPERIENCED = _ADL + "experienced"
PROGRESSED = _ADL + "progressed"
COMPLETED = _ADL + "completed"
ATTEMPTED = _ADL + "attempted"
ANSWERED = _ADL + "answered"
PASSED = _ADL + "passed"
FAILED = _ADL + "failed"
SUBMITTED = "http://activitystrea.ms/schema/1.0/submit"
TERMINATED = _ADL + "terminated"
VOIDED = _ADL + "voided"
EARNED = "http://id.tincanapi.com/verb/earned"
DOWNLOADED = "http://id.tincanapi.com/verb/downloaded"
CREATED = "http://activitystrea.ms/schema/1.0/create"
VIEWED = "http://id.tincanapi.com/verb/viewed"
SHARED = _ADL + "shared"
WITHDREW = "http://id.tincanapi.com/verb/unregistered"
# Verbs that tell how a registration stands, rather than what was done on the way.
MILESTONES = frozenset({REGISTERED, COMPLETED, PASSED, FAILED, EARNED, WITHDREW})

_ACTIVITY = "http://adlnet.gov/expapi/activities/"
COURSE = _ACTIVITY + "course"
MODULE = _ACTIVITY + "module"
LESSON = _ACTIVITY + "lesson"
ASSESSMENT = _ACTIVITY + "assessment"
PERFORMANCE = _ACTIVITY + "performance"
QUESTION = _ACTIVITY + "cmi.interaction"
CERTIFICATE = "https://www.opigno.org/en/tincan_registry/activity_type/certificate"
FILE = "http://activitystrea.ms/schema/1.0/file"
BADGE = "http://activitystrea.ms/schema/1.0/badge"

# Names of our own live under the site's base, which never changes once statements exist.
PERSONA_EXTENSION = f"{settings.XAPI_BASE_IRI}/xapi/extensions/persona"
LESSON_EXTENSION = f"{settings.XAPI_BASE_IRI}/xapi/extensions/lesson"
REASON_EXTENSION = f"{settings.XAPI_BASE_IRI}/xapi/extensions/reason"
HINTS_EXTENSION = f"{settings.XAPI_BASE_IRI}/xapi/extensions/hints"
PROGRESS_EXTENSION = "https://w3id.org/xapi/cmi5/result/extensions/progress"


def verb_display(iri: str) -> str:
    """The English word for a verb: by convention of all sources above, the last part of its IRI."""
    return iri.rstrip("/").rpartition("/")[2]
