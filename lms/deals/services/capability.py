"""Whether a partner may register: the rules can ask for certified people, and for a benefit of its tier."""

from dataclasses import dataclass
from datetime import datetime

from certifications.models import Certification, Credential
from lms.deals.engagement import Rules
from lms.deals.errors import NotCertified, NotEntitled
from lms.partners.benefits import lacking
from lms.partners.models import Partner


@dataclass(frozen=True, kw_only=True)
class Gate:
    """`have` of `need` people hold one of `certifications`. Without a demand `need` is 0.

    `way` says how the partner gets the benefit that it lacks; "" when it lacks none.
    """

    have: int
    need: int
    certifications: tuple[Certification, ...]
    way: str = ""

    @property
    def is_certified(self) -> bool:
        return self.have >= self.need

    @property
    def is_open(self) -> bool:
        return self.is_certified and not self.way

    @property
    def sentence(self) -> str:
        """What is missing, in words."""
        if self.way:
            return f"Your company's tier does not include registering deals yet. {self.way}"
        names = " or ".join(one.title for one in self.certifications) or "a certificate that is not offered any more"
        people = "one person" if self.need == 1 else f"{self.need} people"
        return f"Registering deals needs {people} with {names}. Your company has {self.have or 'none'}."


def gate(*, partner: Partner, rules: Rules, at: datetime) -> Gate:
    """Counts people of the partner whose credential is in force, and asks for the benefit. Two queries for the people,
    one for the benefit, none without a demand."""
    wanted = rules.requires_certified
    way = lacking(partner=partner, name=rules.requires_benefit or "", at=at)
    if wanted is None:
        return Gate(have=0, need=0, certifications=(), way=way)
    certifications = tuple(Certification.objects.filter(slug__in=wanted.any_of).order_by("position", "pk"))
    held = Credential.objects.in_force_at(at).of_people_at(partner, at.date())
    have = held.filter(certification__slug__in=wanted.any_of).values("person").distinct().count()
    return Gate(have=have, need=wanted.people, certifications=certifications, way=way)


def require_open(*, partner: Partner, rules: Rules, at: datetime) -> None:
    """Raises NotEntitled and NotCertified with what is missing."""
    found = gate(partner=partner, rules=rules, at=at)
    if found.way:
        raise NotEntitled(f"{found.sentence} Nothing was registered.")
    if not found.is_open:
        raise NotCertified(f"{found.sentence} Nothing was registered.")
