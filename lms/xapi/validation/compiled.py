"""The form of a statement, checked by compiled code (msgspec): what nearly every request needs, in microseconds.

It accepts nothing that `statement.py` refuses; a test holds the two together. What is not accepted here goes through
that one, which says what is wrong, and where.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, MsgspecError, Raw, Struct, UnsetType
from msgspec.json import Decoder

from lms.xapi.timestamps import parse_timestamp
from lms.xapi.validation import values
from lms.xapi.validation.parts import COMPONENT_LISTS, LISTS_OF_INTERACTIONS
from lms.xapi.validation.statement import VERSION_FORMS, Version
from lms.xapi.vocabulary import VOIDED

Uuid = Annotated[str, Meta(pattern=values.anchored(values.UUID_FORM))]
Iri = Annotated[str, Meta(pattern=values.anchored(values.IRI_FORM), max_length=values.MAX_IRI)]
Mailto = Annotated[str, Meta(pattern=values.anchored(values.MAILTO_FORM), max_length=values.MAX_IRI)]
Sha1 = Annotated[str, Meta(pattern=values.anchored(values.SHA1_FORM))]
Sha2 = Annotated[str, Meta(pattern=values.anchored(values.SHA2_FORM))]
MediaType = Annotated[str, Meta(pattern=values.anchored(values.MEDIA_TYPE_FORM), max_length=255)]
Language = Annotated[str, Meta(pattern=values.anchored(values.LANGUAGE_FORM), max_length=100)]
Duration = Annotated[str, Meta(pattern=values.anchored(values.DURATION_FORM), max_length=200)]
Timestamp = Annotated[str, Meta(max_length=100)]
LanguageMap = dict[Language, str]
Extensions = dict[Iri, Any]
Number = int | float


class _Strict(Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    """An object of known members, none of them null."""


class _Account(_Strict):
    home_page: Iri
    name: str


class _Identified(Struct, forbid_unknown_fields=True, gc=False):
    name: str | UnsetType = UNSET
    mbox: Mailto | UnsetType = UNSET
    mbox_sha1sum: Sha1 | UnsetType = UNSET
    openid: Iri | UnsetType = UNSET
    account: _Account | UnsetType = UNSET

    def identifiers(self) -> int:
        return 4 - _identifiers(self).count(UNSET)


_identifiers = attrgetter("mbox", "mbox_sha1sum", "openid", "account")


class _Agent(_Identified):
    objectType: Literal["Agent"] | UnsetType = UNSET  # noqa: N815

    def __post_init__(self) -> None:
        if self.identifiers() != 1:
            raise ValueError("identifiers")


class _Party(_Identified):
    """An agent or a group."""

    objectType: Literal["Agent", "Group"] | UnsetType = UNSET  # noqa: N815
    member: list[_Agent] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.objectType == "Group":
            _check_group(self)
        elif self.member is not UNSET or self.identifiers() != 1:
            raise ValueError("agent")


def _check_group(group: Any) -> None:
    count = 4 - _identifiers(group).count(UNSET)
    if count > 1 or (not count and not group.member):  # UNSET is falsy
        raise ValueError("group")


class _Group(_Party):
    def __post_init__(self) -> None:
        if self.objectType != "Group":
            raise ValueError("group")
        _check_group(self)


class _Authority(_Party):
    """An agent, or an anonymous group of two."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.objectType == "Group" and (self.member is UNSET or len(self.member) != 2 or self.identifiers()):
            raise ValueError("authority")


class _Component(_Strict):
    id: str
    description: LanguageMap | UnsetType = UNSET


Components = list[_Component] | UnsetType


_Closed = Literal["true-false", "choice", "matching", "performance", "sequencing", "likert"]
_Open = Literal["fill-in", "long-fill-in", "numeric", "other"]


class _Definition(_Strict):
    name: LanguageMap | UnsetType = UNSET
    description: LanguageMap | UnsetType = UNSET
    type: Iri | UnsetType = UNSET
    more_info: Iri | UnsetType = UNSET
    extensions: Extensions | UnsetType = UNSET
    interaction_type: _Closed | _Open | UnsetType = UNSET
    correct_responses_pattern: list[str] | UnsetType = UNSET
    choices: Components = UNSET
    scale: Components = UNSET
    source: Components = UNSET
    target: Components = UNSET
    steps: Components = UNSET

    def __post_init__(self) -> None:
        if self.interaction_type is UNSET:
            if self.correct_responses_pattern is not UNSET or _components(self).count(UNSET) < len(COMPONENT_LISTS):
                raise ValueError("no interactionType")
            return
        allowed = LISTS_OF_INTERACTIONS[self.interaction_type]
        for name, components in zip(COMPONENT_LISTS, _components(self), strict=True):
            if components is UNSET:
                continue
            if name not in allowed or len({component.id for component in components}) < len(components):
                raise ValueError(name)


_components = attrgetter(*COMPONENT_LISTS)


class _Activity(_Strict):
    id: Iri
    objectType: Literal["Activity"] | UnsetType = UNSET  # noqa: N815
    definition: _Definition | UnsetType = UNSET


class _StatementRef(_Strict):
    objectType: Literal["StatementRef"]  # noqa: N815
    id: Uuid


class _Verb(_Strict):
    id: Iri
    display: LanguageMap | UnsetType = UNSET


class _Known:
    """Checks parts that come again and again, byte for byte: what was valid once is valid again."""

    LONGEST, MOST = 2000, 2000

    def __init__(self, type_: Any) -> None:
        self._decode = Decoder(type_).decode
        self._known: dict[bytes, Any] = {}

    def check(self, raw: Raw) -> Any:
        """The decoded part. Raises what the decoder raises."""
        text = bytes(raw)
        known = self._known.get(text)
        if known is None:
            known = self._decode(text)
            if len(text) <= self.LONGEST:
                if len(self._known) >= self.MOST:
                    self._known.clear()
                self._known[text] = known
        return known


_MISSING = Raw()


class _Score(_Strict):
    scaled: Annotated[int, Meta(ge=-1, le=1)] | Annotated[float, Meta(ge=-1, le=1)] | UnsetType = UNSET
    raw: Number | UnsetType = UNSET
    min: Number | UnsetType = UNSET
    max: Number | UnsetType = UNSET

    def __post_init__(self) -> None:
        raw, low, high = self.raw, self.min, self.max
        if low is not UNSET and ((high is not UNSET and low >= high) or (raw is not UNSET and raw < low)):
            raise ValueError("min")
        if high is not UNSET and raw is not UNSET and raw > high:
            raise ValueError("max")


class _Result(_Strict):
    score: _Score | UnsetType = UNSET
    success: bool | UnsetType = UNSET
    completion: bool | UnsetType = UNSET
    response: str | UnsetType = UNSET
    duration: Duration | UnsetType = UNSET
    extensions: Extensions | UnsetType = UNSET


Activities = list[_Activity] | _Activity | UnsetType


class _ContextActivities(_Strict):
    parent: Activities = UNSET
    grouping: Activities = UNSET
    category: Activities = UNSET
    other: Activities = UNSET


_definitions = _Known(_Definition)
_activities = _Known(_ContextActivities)
_verbs = _Known(_Verb)


class _Context(_Strict):
    registration: Uuid | UnsetType = UNSET
    instructor: _Party | UnsetType = UNSET
    team: _Group | UnsetType = UNSET
    context_activities: Raw = _MISSING
    revision: str | UnsetType = UNSET
    platform: str | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    statement: _StatementRef | UnsetType = UNSET
    extensions: Extensions | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.context_activities is not _MISSING:
            _activities.check(self.context_activities)


RelevantTypes = Annotated[list[Iri], Meta(min_length=1)]


class _ContextAgent(_Strict):
    objectType: Literal["contextAgent"]  # noqa: N815
    agent: _Agent
    relevant_types: RelevantTypes | UnsetType = UNSET


class _ContextGroup(_Strict):
    objectType: Literal["contextGroup"]  # noqa: N815
    group: _Group
    relevant_types: RelevantTypes | UnsetType = UNSET


class _Context2(_Context):
    context_agents: list[_ContextAgent] | UnsetType = UNSET
    context_groups: list[_ContextGroup] | UnsetType = UNSET


class _Attachment(_Strict):
    usage_type: Iri
    display: LanguageMap
    content_type: MediaType
    length: Annotated[int, Meta(ge=0)]
    sha2: Sha2
    description: LanguageMap | UnsetType = UNSET
    file_url: Iri | UnsetType = UNSET


_InnerKind = Literal["Activity", "Agent", "Group", "StatementRef"] | UnsetType
_AnyKind = Literal["Activity", "Agent", "Group", "StatementRef", "SubStatement"] | UnsetType


class _Inner(_Identified):
    """Anything that an object may be but a sub-statement. One type, since an activity need not say that it is one."""

    objectType: _InnerKind = UNSET  # noqa: N815
    id: str | UnsetType = UNSET
    definition: Raw = _MISSING
    member: list[_Agent] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.definition is not _MISSING:
            _definitions.check(self.definition)
        match self.objectType:
            case "Agent" | "Group":
                if self.id is not UNSET or self.definition is not _MISSING:
                    raise ValueError("party")
                _Party.__post_init__(self)  # type: ignore[arg-type]
            case "StatementRef":
                if not _has(self, values.UUID_FORM) or self.definition is not _MISSING or _party(self) != _NO_PARTY:
                    raise ValueError("reference")
            case _:
                if not _has(self, values.IRI_FORM) or len(self.id) > values.MAX_IRI or _party(self) != _NO_PARTY:  # type: ignore[arg-type]
                    raise ValueError("activity")


_party = attrgetter("name", "mbox", "mbox_sha1sum", "openid", "account", "member")
_NO_PARTY = (UNSET,) * 6


def _has(target: _Inner, form: Any) -> bool:
    return target.id is not UNSET and form.fullmatch(target.id) is not None


def _check_statement(statement: Any) -> None:
    """What statements and sub-statements have in common."""
    context = statement.context
    is_rich = context is not UNSET and (context.revision is not UNSET or context.platform is not UNSET)
    if is_rich and statement.object.objectType not in {UNSET, "Activity"}:
        raise ValueError("revision and platform are said of activities")
    if statement.timestamp is not UNSET:
        parse_timestamp(statement.timestamp)


class _Object(_Inner):
    """Anything that an object may be."""

    objectType: _AnyKind = UNSET  # type: ignore[assignment]  # noqa: N815
    actor: _Party | UnsetType = UNSET
    verb: Raw = _MISSING
    object: _Inner | UnsetType = UNSET
    result: _Result | UnsetType = UNSET
    context: _Context | UnsetType = UNSET
    timestamp: Timestamp | UnsetType = UNSET
    attachments: list[_Attachment] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.objectType != "SubStatement":
            if _own(self) != _NOTHING_OWN:
                raise ValueError("no sub-statement")
            _Inner.__post_init__(self)
        else:
            if self.actor is UNSET or self.verb is _MISSING or self.object is UNSET:
                raise ValueError("sub-statement")
            if self.id is not UNSET or self.definition is not _MISSING or _party(self) != _NO_PARTY:
                raise ValueError("sub-statement")
            _verbs.check(self.verb)
            _check_statement(self)


_own = attrgetter("actor", "verb", "object", "result", "context", "timestamp", "attachments")
_NOTHING_OWN = (UNSET, _MISSING, *(UNSET,) * 5)


class _Statement(Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    actor: _Party
    verb: Raw
    object: _Object
    id: Uuid | UnsetType = UNSET
    result: _Result | UnsetType = UNSET
    context: _Context | UnsetType = UNSET
    timestamp: Timestamp | UnsetType = UNSET
    stored: Timestamp | UnsetType = UNSET
    authority: _Authority | UnsetType = UNSET
    version: Annotated[str, Meta(pattern=values.anchored(VERSION_FORMS[Version.V1]))] | UnsetType = UNSET
    attachments: list[_Attachment] | UnsetType = UNSET

    def __post_init__(self) -> None:
        _check_statement(self)
        if self.stored is not UNSET:
            parse_timestamp(self.stored)
        if _verbs.check(self.verb).id == VOIDED and self.object.objectType != "StatementRef":
            raise ValueError("voids no statement")


class _Object2(_Object):
    context: _Context2 | UnsetType = UNSET


class _Statement2(_Statement, kw_only=True):
    object: _Object2
    context: _Context2 | UnsetType = UNSET
    version: Annotated[str, Meta(pattern=values.anchored(VERSION_FORMS[Version.V2]))] | UnsetType = UNSET


_DECODERS: dict[Version, Callable[[bytes], Any]] = {
    Version.V1: Decoder(_Statement).decode,
    Version.V2: Decoder(_Statement2).decode,
}


def is_valid(text: bytes, version: Version) -> bool:
    """Whether the JSON is a valid statement for sure. False says nothing yet. Names twice in one object, depth and NUL
    characters are not looked for."""
    try:
        _DECODERS[version](text)
    except (MsgspecError, ValueError, OverflowError, RecursionError):  # UnicodeDecodeError is a ValueError
        return False
    return True
