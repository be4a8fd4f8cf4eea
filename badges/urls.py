"""Addresses of badges. They stand in signed documents: never change them."""

from django.urls import include, path, re_path, register_converter

from badges.views import connect, documents, pages
from badges.views import oauth as protocol


class Form:
    """How a badge is handed out beside JSON."""

    regex = "jwt|png|svg"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Form, "badge_form")

app_name = "badges"
urlpatterns = [
    path(".well-known/did.json", documents.did, name="did"),
    path("badges/issuer", documents.issuer, name="issuer"),
    path("badges/achievements/<uuid:public_id>", documents.achievement, name="achievement"),
    path("badges/awards/<uuid:public_id>.json", documents.document, {"form": "json"}, name="document"),
    path("badges/awards/<uuid:public_id>.<badge_form:form>", documents.document, name="document_as"),
    re_path(r"^badges/images/(?P<digest>[0-9a-f]{64})\.(?P<form>png|svg)$", documents.image, name="image"),
    path("badges/status/<slug:purpose>/<int:number>", documents.status_list, name="status_list"),
    path("badges/v2/assertions/<str:ticket>", documents.old_assertion, name="old_assertion"),
    path("badges/v2/classes/<uuid:public_id>", documents.old_class, name="old_class"),
    path("badges/v2/issuer", documents.old_issuer, name="old_issuer"),
    path("achievements/<uuid:public_id>/", pages.achievement, name="criteria"),
    path("awards/<uuid:public_id>/", pages.share, name="share"),
    path("awards/<uuid:public_id>/card/", pages.card, name="card"),
    path("my/badges/", pages.mine, name="mine"),
    path("my/badges/connections/", connect.connected, name="connections"),
    path("my/badges/connections/<slug:client_id>/disconnect/", connect.disconnect, name="disconnect"),
    path("my/badges/<uuid:public_id>/with-address/", pages.with_address, name="with_address"),
    path("my/badges/<uuid:public_id>/for-older-sites/", pages.for_older_sites, name="for_older_sites"),
    path("verify-badge/", pages.verify, name="verify"),
    path(".well-known/oauth-authorization-server", connect.authorization_server, name="authorization_server"),
    path("ims/ob/v3p0/discovery", connect.discovery, name="api_discovery"),
    path("ims/ob/v3p0/credentials", connect.credentials, name="api_credentials"),
    path("ims/ob/v3p0/profile", connect.profile, name="api_profile"),
]

# django-allauth looks for its own views by these names. Device codes, its identity tokens and the rest are not offered.
oauth_urlpatterns = [
    path("authorize", protocol.authorize, name="authorization"),
    path("token", protocol.token, name="token"),
    path("revoke", protocol.revoke, name="revoke"),
    path("clients", protocol.register, name="client_registration"),
]
oauth = include(([path("", include((oauth_urlpatterns, "oidc")))], "idp"))
