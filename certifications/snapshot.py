"""What a credential says for ever: the content of `Credential.snapshot`, typed."""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Met:
    """A requirement as it was met: `kind` is course, exam, practice, points (what gave some), certification or
    decision; `statement_id` tells of it."""

    kind: str
    title: str
    statement_id: str | None


@dataclass(frozen=True, kw_only=True)
class SectionScore:
    """`percent` is decimal text with two places, rounded down: 69.995 is never shown as 70."""

    title: str
    percent: str


@dataclass(frozen=True, kw_only=True)
class Signatory:
    """Who stands under the certificate."""

    name: str
    role: str


@dataclass(frozen=True, kw_only=True)
class Design:
    """How the page looks, as it was when issued. `layout` laurel or band, `paper` a4 or letter, colours as #rrggbb,
    `logo` a stored picture named by its content."""

    layout: str = "laurel"
    paper: str = "a4"
    accent: str = "#1f6f54"
    ornament: str = "#b07d1a"
    logo: str = ""
    signatories: tuple[Signatory, ...] = ()

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> "Design":
        return cls(**{**members, "signatories": tuple(Signatory(**one) for one in members["signatories"])})


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A credential in words, as issued. Pages, PDF and badge are made from this and never from live rows.

    Dates are ISO text. `country` (of the partner at issue) tells which drawing of Han characters a name wants.
    """

    title: str
    number: int
    description: str
    criteria: str
    issuer_name: str
    programme_name: str
    site_url: str
    holder_name: str
    partner_name: str
    country: str
    issued_on: str
    expires_on: str | None
    percent: str | None
    sections: tuple[SectionScore, ...]
    requirements: tuple[Met, ...]
    statement_id: str
    design: Design = field(default_factory=Design)

    @property
    def statement_ids(self) -> list[str]:
        """The evidence: every statement a requirement rests on."""
        return [met.statement_id for met in self.requirements if met.statement_id]

    @property
    def issued(self) -> date:
        return date.fromisoformat(self.issued_on)

    @property
    def expires(self) -> date | None:
        return date.fromisoformat(self.expires_on) if self.expires_on else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> "Snapshot":
        """Also of what was issued before a member existed: it has that member's default."""
        return cls(
            **{
                **members,
                "sections": tuple(SectionScore(**section) for section in members["sections"]),
                "requirements": tuple(Met(**met) for met in members["requirements"]),
                "design": Design.from_json(members["design"]) if "design" in members else Design(),
            }
        )
