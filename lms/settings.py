"""All settings of Laurel, read from the environment. Safe by default; `.env.example` lists every variable."""

import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
env.read_env(BASE_DIR / ".env")

DEMO = env.bool("LAUREL_DEMO", False)
TESTING = env.bool("LAUREL_TESTING", False)

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "laurel-demo-only-" + "k" * 50 if DEMO or TESTING else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Copy .env.example to .env and set it, or run `python manage.py demo` to look around."
    )

# The one address people and verifiers see: links in letters, PDFs and badges begin with it, never with a Host header.
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000" if DEMO or TESTING else "https://localhost").rstrip("/")
SITE_NAME = env.str("SITE_NAME", "Halden Partners" if DEMO or TESTING else "Laurel")
TERMS_URL = env.str("TERMS_URL", SITE_URL)  # named to applications that read badges
PRIVACY_URL = env.str("PRIVACY_URL", SITE_URL)
VENDOR_NAME = env.str("VENDOR_NAME", "Halden" if DEMO or TESTING else "Laurel")
# The home of our own names in xAPI statements (activities, accounts). Never change it once statements exist.
XAPI_BASE_IRI = env.str("XAPI_BASE_IRI", "https://partners.halden.example" if DEMO or TESTING else SITE_URL)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "testserver"] if DEMO or TESTING else [])
SECURE_TRANSPORT = env.bool("SECURE_TRANSPORT", SITE_URL.startswith("https://"))

INSTALLED_APPS = [
    "lms.demo",
    "cms",
    "lms.portal",
    "lms.tiers",
    "lms.deals",
    "lms.assets",
    "badges",
    "certifications",
    "courses",
    "lms.assessments",
    "lms.reporting",
    "lms.partners",
    "lms.xapi",
    "lms.accounts",
    "lms.events",
    "lms.common",
    "wagtail.contrib.settings",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail.contrib.redirects",
    "wagtail",
    "modelcluster",
    "taggit",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.idp.oidc",
    "csp",
    "rules",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "lms.common.middleware.private_by_default",
    "csp.middleware.CSPMiddleware",
    "lms.xapi.middleware.record_store",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lms.common.middleware.readable_requests",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "lms.accounts.middleware.session_limits",
    "lms.accounts.middleware.personal_settings",
    "lms.accounts.middleware.throttled_sign_in",
    "lms.partners.middleware.good_standing",
    "cms.middleware.admin_for_authors",
    "django_htmx.middleware.HtmxMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
]

if TESTING and find_spec("django_migration_linter"):
    INSTALLED_APPS.append("django_migration_linter")  # `manage.py lintmigrations`, in development only

ROOT_URLCONF = "lms.urls"
WSGI_APPLICATION = "lms.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lms.common.context_processors.site",
                "lms.portal.context_processors.frame",
            ],
            "builtins": ["lms.common.templatetags.laurel"],
        },
    },
]

# --- Data ---
DATABASES = {"default": env.db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'laurel.sqlite3'}")}
_db = DATABASES["default"]
IS_SQLITE = _db["ENGINE"].endswith("sqlite3")
if IS_SQLITE:
    with suppress(OSError):  # the database's own error says better what is wrong
        VAR_DIR.mkdir(exist_ok=True)
    # Measured: 8 writers without one "database is locked".
    _db["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;",
    }
else:
    _db["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 60)
    _db["CONN_HEALTH_CHECKS"] = True
    _db["OPTIONS"] = {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        "options": "-c lock_timeout=5000 -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000"
        # Of prepared statements, which only the record store has: planned once, whatever the arrays hold.
        " -c plan_cache_mode=force_generic_plan",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_URL = env.str("CACHE_URL", "")
CACHES = {
    "default": env.cache_url("CACHE_URL")
    if CACHE_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 5000}}
}

# --- Background work ---
# Without a broker the outbox is drained in the process, after commit, through the same task functions.
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "")
HAS_BROKER = bool(CELERY_BROKER_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False  # a poison task would die for ever; the sweeper brings work back and counts
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    "max_retries": 1,
}
CELERY_TASK_PUBLISH_RETRY = False  # a nudge that fails is swept up later; no request waits for the broker
CELERY_TASK_TIME_LIMIT = 600
CELERY_TIMEZONE = "UTC"

# --- People ---
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "lms.accounts.backends.ThrottleBackend",  # first: every door (allauth, API basic auth) has the same limit
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "lms.accounts.passwords.MaximumLengthValidator"},
]
ACCOUNT_ADAPTER = "lms.accounts.adapter.AccountAdapter"
# OAuth 2 for the Open Badges API (badges.connecting): applications register themselves, as the specification asks.
IDP_OIDC_ADAPTER = "badges.connecting.ConnectAdapter"
IDP_OIDC_DCR_ENABLED = True
IDP_OIDC_DCR_REQUIRES_INITIAL_ACCESS_TOKEN = False
IDP_OIDC_AUTH_METHODS = ["client_secret_basic"]  # what the service description promises
IDP_OIDC_REFRESH_TOKEN_EXPIRES_IN = 180 * 24 * 3600
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts exist by invitation only, sent to that address
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS = {"login_failed": None, "login": None, "reset_password": None}  # ours, in the database
ACCOUNT_FORMS = {
    "login": "lms.accounts.forms.LoginForm",
    "reset_password": "lms.accounts.forms.ResetPasswordForm",
}
MFA_ADAPTER = "lms.accounts.adapter.MFAAdapter"
MFA_FORMS = {
    "authenticate": "lms.accounts.forms.AuthenticateForm",
    "reauthenticate": "lms.accounts.forms.ReauthenticateForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
PASSWORD_RESET_TIMEOUT = 24 * 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "portal:home"
LOGOUT_REDIRECT_URL = "account_login"
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", 3 * 3600)
SESSION_ABSOLUTE_SECONDS = env.int("SESSION_ABSOLUTE_SECONDS", 12 * 3600)
SIGN_IN_FAILURES_ALLOWED = 8
SIGN_IN_WINDOW_SECONDS = 900

# --- Transport and browser ---
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_TRANSPORT
SESSION_COOKIE_NAME = "__Host-session" if SECURE_TRANSPORT else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_TRANSPORT else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE_SSL_REDIRECT = SECURE_TRANSPORT and env.bool("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000) if SECURE_TRANSPORT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_TRANSPORT
if env.bool("BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# How many proxies of our own stand in front: only then is X-Forwarded-For read, from the right.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
CONTENT_SECURITY_POLICY = {
    # The Wagtail admin has inline scripts of its own and gets a policy in lms.common.middleware.
    "EXCLUDE_URL_PREFIXES": ["/admin/"],
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "media-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}

# --- Files ---
STATIC_URL = "/static/"
# Where collectstatic gathers files for production; the demo and the tests serve them from where they are.
STATIC_ROOT = None if DEMO or TESTING or DEBUG else BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "lms" / "static"]
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(VAR_DIR / "media")))
MEDIA_URL = "/media/"  # nothing is served there: private files leave through views that ask for a permission
STORAGES = {
    "default": {
        "BACKEND": "lms.common.storage.PrivateStorage",
        "OPTIONS": {"base_url": None},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEMO or TESTING or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEMO or TESTING or DEBUG
# For a web server that sends files itself.
ACCEL_REDIRECT_PREFIX = env.str("ACCEL_REDIRECT_PREFIX", "")  # nginx: X-Accel-Redirect to this internal prefix
X_SENDFILE = env.bool("X_SENDFILE", False)  # Apache with mod_xsendfile, lighttpd
ASSET_SCANNER = env.str("ASSET_SCANNER", "")  # asked before an upload is kept: scan(file, filename), raising to refuse
COPY_BYTES_PER_PARTNER = env.int("COPY_BYTES_PER_PARTNER", 2_000_000_000)  # of co-branded copies, all that were made
DRAWING_LOCKS = env.str("DRAWING_LOCKS", "")  # a folder of this machine; "" is its temporary one (docs/cobranding.md)

# --- Learning records ---
# Origins on which content runs that was launched here: only these may call the record store from a browser.
XAPI_CONTENT_ORIGINS = env.list("XAPI_CONTENT_ORIGINS", default=[])
# What the credential of one launch may send in a minute: requests, or statements in them.
XAPI_SESSION_RATE = env.int("XAPI_SESSION_RATE", 600)
# Statements that the database prepares once per connection. Off behind a pooler that cannot keep them.
XAPI_PREPARED = env.bool("XAPI_PREPARED", True)
# How many months of statements `manage.py xapi archive` leaves in the store. 0: for ever, unless it is told a month.
XAPI_KEEP_MONTHS = env.int("XAPI_KEEP_MONTHS", 0)
XAPI_MAX_ATTACHMENT_BYTES = env.int("XAPI_MAX_ATTACHMENT_BYTES", 100_000_000)
# --- Certificates ---
# The organisation's key that signs certificates: a PKCS#12 file, or PEM with key and certificates. Without it a
# self-made authority signs, which is made on first use and says what it is.
CERTIFICATE_KEY_FILE = env.str("CERTIFICATE_KEY_FILE", "")
CERTIFICATE_KEY_PASSWORD = env.str("CERTIFICATE_KEY_PASSWORD", "")
# --- Other record stores ---
# Networks inside a private network that requests of ours may go to (forwarding to a record store next door), as
# 10.1.0.0/16. Everything else that is not public is refused, and metadata services always are.
OUTGOING_PRIVATE_NETWORKS = env.list("OUTGOING_PRIVATE_NETWORKS", default=[])

# --- Badges ---
# Secrets that seal the badge signing keys in the database: the first seals, all open. Without any it is SECRET_KEY.
# After a change `manage.py badges keys reseal` seals them with the first, and the others can go.
BADGE_KEY_SECRETS = env.list("BADGE_KEY_SECRETS", default=[])

# --- Languages and time ---
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# --- Mail ---
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://" if DEMO or DEBUG else "smtp://localhost:25")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Partner programme <partners@localhost>")

# --- Wagtail ---
WAGTAIL_SITE_NAME = SITE_NAME
WAGTAILADMIN_BASE_URL = SITE_URL
WAGTAILADMIN_LOGIN_URL = "/accounts/login/"
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
# A page is for its audience: no shared passwords, which nothing would throttle.
WAGTAIL_PRIVATE_PAGE_OPTIONS = {"SHARED_PASSWORD": False}
WAGTAILIMAGES_IMAGE_MODEL = "cms.Picture"
WAGTAILDOCS_DOCUMENT_MODEL = "cms.LibraryFile"
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILDOCS_EXTENSIONS = ["csv", "docx", "pdf", "pptx", "txt", "xlsx", "vtt", "webm", "mp4", "zip"]
WAGTAILIMAGES_EXTENSIONS = ["gif", "jpg", "jpeg", "png", "webp"]
WAGTAILIMAGES_MAX_UPLOAD_SIZE = 10 * 1024 * 1024
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}
TAGGIT_CASE_INSENSITIVE = True

# --- API ---
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "lms.accounts.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "lms.partners.permissions.PartnerInGoodStanding",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["lms.common.api.GuardedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "lms.common.api.CursorPages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": env.str("API_RATE", "600/min")},
    "EXCEPTION_HANDLER": "lms.common.api.problem_handler",
    "PAGE_SIZE": 50,
    "NUM_PROXIES": TRUSTED_PROXIES,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Laurel API",
    "DESCRIPTION": "Catalogue, learning, credentials and partner tiers. Same permissions and services as the pages.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "PREPROCESSING_HOOKS": ["lms.common.api.only_our_paths"],
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "lms.common.api.describe_refusals"],
    "ENUM_NAME_OVERRIDES": {"DealState": "lms.deals.moves.State"},
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
}

# --- Logs: no answers, tokens or customer names ---
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "stream": sys.stderr}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "WARNING")},
    "loggers": {"laurel.audit": {"level": "INFO"}, "django.security.DisallowedHost": {"level": "CRITICAL"}},
}
