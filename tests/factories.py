"""Rows for tests. Facts that a service writes (enrolments, attempts, credentials) are made by the services."""

from datetime import date

import factory
from factory.django import DjangoModelFactory

from courses.models import Course
from lms.accounts.models import User
from lms.partners.models import Membership, Partner, PartnerType, Persona, Region, TierName

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@kestrel.example")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.django.Password(PASSWORD)


class PartnerTypeFactory(DjangoModelFactory[PartnerType]):
    class Meta:
        model = PartnerType
        django_get_or_create = ["slug"]

    slug = "integrator"
    name = factory.LazyAttribute(lambda o: o.slug.replace("_", " ").capitalize())


class RegionFactory(DjangoModelFactory[Region]):
    class Meta:
        model = Region
        django_get_or_create = ["slug"]

    slug = "emea"
    name = factory.LazyAttribute(lambda o: o.slug.upper())


class PersonaFactory(DjangoModelFactory[Persona]):
    class Meta:
        model = Persona
        django_get_or_create = ["slug"]

    slug = "sales_rep"
    name = factory.LazyAttribute(lambda o: o.slug.replace("_", " ").capitalize())


class TierNameFactory(DjangoModelFactory[TierName]):
    class Meta:
        model = TierName
        django_get_or_create = ["slug"]

    slug = "registered"
    name = factory.LazyAttribute(lambda o: o.slug.capitalize())
    rank = factory.LazyAttribute(lambda o: ["registered", "select", "premier"].index(o.slug))


class PartnerFactory(DjangoModelFactory[Partner]):
    class Meta:
        model = Partner

    name = factory.Sequence(lambda n: f"Partner {n}")
    slug = factory.Sequence(lambda n: f"partner-{n}")
    partner_type = factory.SubFactory(PartnerTypeFactory)
    region = factory.SubFactory(RegionFactory)
    country = "FR"


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    person = factory.SubFactory(UserFactory)
    partner = factory.SubFactory(PartnerFactory)
    persona = factory.SubFactory(PersonaFactory)
    starts_on = date(2025, 1, 1)


class CourseFactory(DjangoModelFactory[Course]):
    class Meta:
        model = Course

    slug = factory.Sequence(lambda n: f"course-{n}")
    title = factory.Sequence(lambda n: f"Course {n}")
