"""One request as xAPI means it: which version, which method, with which parameters, headers and body."""

from urllib.parse import parse_qsl

from django.http import HttpRequest

from lms.common import guards
from lms.xapi.errors import InvalidQuery, LengthRequired, TooLarge
from lms.xapi.validation import Version

VERSION_HEADER = "X-Experience-API-Version"
# What 1.0.3 (Communication 1.3) lets a form say in place of a header.
_FORM_HEADERS = {
    name.lower(): name
    for name in (
        *("Authorization", VERSION_HEADER, "Content-Type", "Content-Length", "If-Match", "If-None-Match"),
        "Accept-Language",
    )
}
_META = {name: f"HTTP_{name.upper().replace('-', '_')}" for name in _FORM_HEADERS.values()}
_META |= {"Content-Type": "CONTENT_TYPE", "Content-Length": "CONTENT_LENGTH"}
_FORM = "application/x-www-form-urlencoded"
_METHODS = {"GET", "PUT", "POST", "DELETE"}
BASES = {"1.0.3": Version.V1, "2.0": Version.V2}


class Exchange:
    """A request, also when it comes as 1.0.3's alternate request syntax: a POST of a form that says what is meant.

    Whatever it comes as, the same credential is asked for and the same checks follow.
    """

    def __init__(self, request: HttpRequest, base: str | None) -> None:
        """Raises InvalidQuery for parameters and forms that cannot be read, TooLarge."""
        self.request = request
        self.base = BASES.get(base or "")
        self.method = request.method or ""
        self.parameters = _parameters(request)
        self.is_alternate = self.method == "POST" and "method" in self.parameters
        self._headers: dict[str, str] = {}
        self._content: bytes | None = None

    def header(self, name: str) -> str | None:
        """A header's value, from the form of an alternate request if it is there."""
        value = self._headers.get(name)
        return self.request.META.get(_META[name]) if value is None else value

    def read_form(self) -> None:
        """Takes method, parameters, headers and content from the form of an alternate request. Raises InvalidQuery."""
        method = self.parameters["method"]
        if len(self.parameters) > 1 or method not in _METHODS:
            raise InvalidQuery("An alternate request has the parameter method (GET, PUT, POST or DELETE) and no other.")
        if self.request.content_type != _FORM:
            raise InvalidQuery(f"An alternate request must be a form, sent as {_FORM}.")
        fields = _fields(read_body(self.request, max_bytes=3 * guards.MAX_JSON_BYTES))
        content = fields.pop("content", None)
        if method in {"PUT", "POST"} and content is None:
            raise InvalidQuery("An alternate request that sends something has it in the form field content.")
        self._headers = {
            _FORM_HEADERS[name.lower()]: fields.pop(name) for name in list(fields) if name.lower() in _FORM_HEADERS
        }
        self._headers.setdefault("Content-Type", "application/json")
        self._content = (content or "").encode("utf-8", "surrogatepass")
        self.method, self.parameters = method, fields

    @property
    def version(self) -> Version:
        """1.0 and 1.0.x are answered as 1.0.3, 2.0 and 2.0.x as 2.0.0. Raises InvalidQuery for any other, and for one
        that is not the version of the base path."""
        spoken = " and ".join([self.base] if self.base else list(Version))
        header = self.header(VERSION_HEADER)
        if header is None:
            raise InvalidQuery(f"The header {VERSION_HEADER} is missing; {spoken} is spoken here.")
        for prefix, version in (("1.0", Version.V1), ("2.0", Version.V2)):
            is_patch = header.startswith(f"{prefix}.") and header[4:].isdecimal() and header.isascii()
            if (header == prefix or is_patch) and self.base in {None, version}:
                return version
        raise InvalidQuery(f"The version in {VERSION_HEADER} is not spoken here; {spoken} is.")

    @property
    def content_type(self) -> str:
        return self.header("Content-Type") or ""

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case."""
        return self.content_type.partition(";")[0].strip().lower()

    def content(self, *, max_bytes: int) -> bytes:
        """The body. Raises TooLarge before reading it, LengthRequired."""
        if self._content is None:
            return read_body(self.request, max_bytes=max_bytes)
        if len(self._content) > max_bytes:
            raise TooLarge(f"The body has {len(self._content)} bytes; at most {max_bytes} are read at once.")
        return self._content


def read_body(request: HttpRequest, *, max_bytes: int) -> bytes:
    """The body, at most `max_bytes`. Raises TooLarge before reading it, LengthRequired."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length and "HTTP_TRANSFER_ENCODING" in request.META:
        raise LengthRequired("Send the body with a Content-Length.")
    if length.isdecimal() and int(length[:20]) > max_bytes:
        raise TooLarge(f"The body has {length[:20]} bytes; at most {max_bytes} are read at once.")
    data: bytes = request.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise TooLarge(f"The body has more than {max_bytes} bytes, which are read at once.")
    return data


def _parameters(request: HttpRequest) -> dict[str, str]:
    """The parameters of the address, each once."""
    return _fields(request.META.get("QUERY_STRING", "").encode("ascii", "replace"))


def _fields(data: bytes) -> dict[str, str]:
    """Pairs as a form or an address has them. Raises InvalidQuery for a name twice, and for what is no text."""
    if not data:
        return {}
    try:
        pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError as error:
        raise InvalidQuery("The parameters cannot be read: they are not percent-encoded UTF-8, or too many.") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise InvalidQuery("A parameter is given more than once.")
    for name, value in pairs:
        guards.check_text(name)
        guards.check_text(value)
    return fields
