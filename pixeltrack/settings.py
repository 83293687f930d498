"""Every setting on one page. Values come from the environment or `.env`; see environment.py."""

import os
import re
import tempfile
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote, urlsplit

from redis.backoff import NoBackoff
from redis.retry import Retry

from pixeltrack import content_security
from pixeltrack.api_docs import api_docs
from pixeltrack.beat import FORGET_OPENINGS, FORGET_PAGE_VIEWS, SCHEDULE
from pixeltrack.environment import (
    Environment,
    EnvironmentProblem,
    base_url,
    between,
    each,
    fernet_keys,
    host_names,
    one_of,
    redis_url,
    secret,
    stream_url,
)
from pixeltrack.logs import LOGGING  # noqa: F401 - Django reads it here

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(Path(os.environ.get("PIXEL_ENV_FILE") or BASE_DIR / ".env"))
env.allow("PIXEL_ENV_FILE")
# What docker-compose.yml reads from the same file.
env.allow(*(f"MYSQL_{user}_PASSWORD" for user in ("ROOT", "GRAFANA", "EXPORTER")))
env.allow("REDIS_ROOT_PASSWORD", "REDIS_EXPORTER_PASSWORD", "GRAFANA_ADMIN_PASSWORD")
env.allow("GRAFANA_PORT", "HTTP_PORT")
env.allow(*(f"DJANGO_SUPERUSER_{field}" for field in ("USERNAME", "EMAIL", "PASSWORD")))
env.allow("DJANGO_SETTINGS_MODULE")

# Where the embedded stores, Celery beat and the metrics of each process keep their files.
VAR_DIR = Path(env.text("PIXEL_VAR_DIR", str(BASE_DIR / "var"))).resolve()
try:
    VAR_DIR.mkdir(parents=True, exist_ok=True)
except OSError as _error:
    raise EnvironmentProblem(
        f"PIXEL_VAR_DIR: {VAR_DIR} can't be made ({_error.strerror}). Name a folder to write to."
    ) from None

# -- Addresses ---------------------------------------------------------------------------------
HOST = env.text("HOST", "127.0.0.1")
PORT = env.number("PORT", 8000, between(1, 65535))
WEB_CONCURRENCY = env.number("WEB_CONCURRENCY", 2, between(1, 128))  # web processes
_everywhere = HOST in ("0.0.0.0", "::")  # nosec B104 # compared, not bound
_reachable = "127.0.0.1" if _everywhere else HOST
_reachable = f"[{_reachable}]" if ":" in _reachable else _reachable
PUBLIC_URL = env.text("PUBLIC_URL", f"http://{_reachable}:{PORT}", base_url).rstrip("/")
_hosts = env.names("DJANGO_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"], host_names)
ALLOWED_HOSTS = [name.strip() for name in (*_hosts, urlsplit(PUBLIC_URL).hostname) if name.strip()]
# How many proxies of ours a request passes; 0 takes no forwarded header at its word.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0, between(0, 10))
SECURE = PUBLIC_URL.startswith("https://")
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
# The subdomains beside ours, and the browsers' own lists, are not for us to decide about.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
# Where each process tells of itself, in a container of its own: /metrics and /healthz. Without it,
# the web server's own port tells of all processes of the machine.
PIXEL_METRICS_PORT = env.number("PIXEL_METRICS_PORT", 0, between(1, 65535))
if PIXEL_METRICS_PORT == PORT:
    raise EnvironmentProblem("PIXEL_METRICS_PORT must differ from PORT.")
CONTENT_SECURITY_POLICY = content_security.settings_of(PUBLIC_URL)

# -- Secrets -----------------------------------------------------------------------------------
DEBUG = False
SECRET_KEY = env.text("DJANGO_SECRET_KEY", ..., secret(50))
# Keys that were before it: what they signed stays valid, and addresses erased under them known.
_former = env.text("DJANGO_SECRET_KEY_FALLBACKS", "", each(secret(50)))
SECRET_KEY_FALLBACKS = [key.strip() for key in _former.split(",") if key.strip()]
API_SECRET_ALGORITHM = env.text("API_SECRET_ALGORITHM", "HS256", one_of("HS256", "HS384", "HS512"))
API_SECRET_KEY = env.text(  # a key as long as the digest, as RFC 7518 asks
    "API_SECRET_KEY", ..., secret(int(API_SECRET_ALGORITHM[2:]) // 8)
)
if API_SECRET_KEY == SECRET_KEY:
    raise EnvironmentProblem("API_SECRET_KEY must differ from DJANGO_SECRET_KEY.")
FERNET_KEYS = [key.strip() for key in env.text("FERNET_KEY", ..., fernet_keys).split(",")]

# -- The house ---------------------------------------------------------------------------------
INSTALLED_APPS = [
    "pixeltrack.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_prometheus",
    "rest_framework",
    "rest_framework_simplejwt",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pixeltrack",
    "accounts",
    "campaigns",
    "tracking",
]
MIDDLEWARE = [
    "tracking.middleware.HitMiddleware",  # first: a hit's reply carries nobody else's headers
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "pixeltrack.request_limits.RequestLimitsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "pixeltrack.slash.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "accounts.two_factor.middleware.TwoFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "pixeltrack.middleware.ContentSecurityMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
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
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # widgets have templates of ours, too
ROOT_URLCONF = "pixeltrack.urls"
ASGI_APPLICATION = "pixeltrack.asgi.application"
WSGI_APPLICATION = "pixeltrack.wsgi.application"
FIXTURE_DIRS = [BASE_DIR / "fixtures"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.EmailOrUsernameBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [{"NAME": "accounts.password.EndsLogins"}]
# Whether sessions take a code beside the password: of nobody, of who wants it, or of all staff.
ADMIN_TWO_FACTOR = env.text("ADMIN_TWO_FACTOR", "optional", one_of("off", "optional", "required"))
OTP_TOTP_ISSUER = "PixelTrack"
LOGIN_URL = "/api-auth/login/"
LOGIN_REDIRECT_URL = "/api/"
STATIC_URL = "/static/"
# Where they lie ready, as in the container image, nothing else is written there.
STATIC_DIR = env.text("PIXEL_STATIC_DIR", "")
STATIC_ROOT = Path(STATIC_DIR) if STATIC_DIR else VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
        # For all to read, unlike uploads: the image's are made by root, and NGINX is another user.
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["pixeltrack.formats"]  # days as everybody reads them: 2026-03-17 09:30

# -- Database: MySQL where MYSQL_HOST names one, else SQLite --------------------------------------
MYSQL_HOST = env.text("MYSQL_HOST", "")
MYSQL_NAMES = ("MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE", "MYSQL_PORT")
MYSQL_NAMES += ("MYSQL_REPLICA_HOST", "MYSQL_REPLICA_PORT")
MYSQL = {
    "ENGINE": "django_prometheus.db.backends.mysql",
    "HOST": MYSQL_HOST,
    "PORT": env.number("MYSQL_PORT", 3306, between(1, 65535)),
    "NAME": env.text("MYSQL_DATABASE", "pixeltrack"),
    "USER": env.text("MYSQL_USER", "pixeltrack"),
    "PASSWORD": env.text("MYSQL_PASSWORD", ... if MYSQL_HOST else ""),
    "OPTIONS": {
        "charset": "utf8mb4",
        "isolation_level": "read committed",
        "connect_timeout": 5,
        "init_command": "SET sql_mode='STRICT_TRANS_TABLES'",
    },
    "TEST": {"CHARSET": "utf8mb4"},
}
SQLITE = {
    "ENGINE": "django_prometheus.db.backends.sqlite3",
    "NAME": VAR_DIR / "pixeltrack.sqlite3",
    "OPTIONS": {
        # A transaction takes the write lock when it begins: one that reads first and writes
        # later would otherwise fail as "locked" beside another writer, whatever the timeout.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    },
    "TEST": {"NAME": VAR_DIR / "test.sqlite3"},  # a file, as in life: processes share it
}
MYSQL_REPLICA_HOST = env.text("MYSQL_REPLICA_HOST", "")  # figures that are told are read there
MYSQL_REPLICA = MYSQL | {
    "HOST": MYSQL_REPLICA_HOST,
    "PORT": env.number("MYSQL_REPLICA_PORT", MYSQL["PORT"], between(1, 65535)),
    # Seconds. The primary answers for it then.
    "OPTIONS": MYSQL["OPTIONS"] | {"connect_timeout": 1, "read_timeout": 2, "write_timeout": 2},
    "TEST": {"MIRROR": "default"},
}
# In the file they may be there for docker compose, which names the host itself.
stray = [name for name in MYSQL_NAMES if os.environ.get(name) and not env.has_in_file(name)]
if stray and not MYSQL_HOST:
    raise EnvironmentProblem(f"{stray[0]} is set, and MYSQL_HOST, which it belongs to, is not.")
DATABASES = {"default": MYSQL if MYSQL_HOST else SQLITE}
DATABASES |= {"replica": MYSQL_REPLICA} if MYSQL_REPLICA_HOST else {}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASE_ROUTERS = ["tracking.replica.ReplicaRouter"] if MYSQL_REPLICA_HOST else []

# -- Redis: outside where REDIS_URL or REDIS_HOST names one, else a child on a socket in var/ -----
REDIS_USER = env.text("REDIS_USER", "")
REDIS_PASSWORD = env.text("REDIS_PASSWORD", "")
REDIS_HOST = env.text("REDIS_HOST", "")
REDIS_PORT = env.number("REDIS_PORT", 6379, between(1, 65535))
REDIS_SOCKET = VAR_DIR / "redis.sock"
if len(os.fsencode(REDIS_SOCKET)) > 100:  # the kernel's limit is 107
    _digest = blake2b(os.fsencode(VAR_DIR), digest_size=8).hexdigest()
    REDIS_SOCKET = Path(tempfile.gettempdir(), f"pixeltrack-{os.getuid()}-{_digest}", "redis.sock")
if REDIS_HOST:
    _auth = f"{quote(REDIS_USER, safe='')}:{quote(REDIS_PASSWORD, safe='')}@"
    _auth = _auth if REDIS_PASSWORD else ""
    _redis_default = f"redis://{_auth}{REDIS_HOST}:{REDIS_PORT}/0"
else:
    _redis_default = f"unix://{REDIS_SOCKET}?db=0"
REDIS_URL = env.text("REDIS_URL", _redis_default, redis_url)
# redis+cluster://user:password@one:6379,two:6379 names nodes of a cluster, which share the shards.
REDIS_STREAM_URL = env.text("REDIS_STREAM_URL", REDIS_URL, stream_url)
REDIS_STREAM_SHARDS = env.number("REDIS_STREAM_SHARDS", 1, between(1, 1024))
# So many replicas of a Redis have a hit before its reply goes out.
REDIS_WAIT_REPLICAS = env.number("REDIS_WAIT_REPLICAS", 0, between(0, 10))
REDIS_EMBEDDED = not REDIS_HOST and not env.text("REDIS_URL", "")
# The client's own default is ten retries, seconds of them, while a mail client waits.
REDIS_HOT = {
    "socket_timeout": 0.04,
    "socket_connect_timeout": 0.04,
    "retry": Retry(NoBackoff(), 0),
}
# No mail client waits for these; still, a Redis that is down is known as such at once.
REDIS_COOL = {
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "retry": Retry(NoBackoff(), 0),
}
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"CONNECTION_POOL_KWARGS": REDIS_COOL},
    },
    "hits": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_STREAM_URL,
        "OPTIONS": {
            "CONNECTION_FACTORY": "tracking.stream.HotConnections",
            "CONNECTION_POOL_CLASS": "tracking.stream.HotPool",
            "CONNECTION_POOL_KWARGS": REDIS_HOT,
        },
    },
}
# Answers about page views: the database tells them as well, and sooner than a Redis that hangs.
CACHES["figures"] = CACHES["hits"] | {"LOCATION": REDIS_URL}

# -- Celery ------------------------------------------------------------------------------------
CELERY_BROKER_URL = re.sub(
    r"^unix://([^?]*)(?:\?db=(\d+))?$", r"redis+socket://\1?virtual_host=\2", REDIS_URL
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "pixeltrack.scheduler:Scheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

# -- Hits --------------------------------------------------------------------------------------
PIXEL_LANE = env.flag("PIXEL_LANE", True)  # off: the plain Django view answers the pixels
PIXEL_OUTCOME_HEADER = env.flag("PIXEL_OUTCOME_HEADER", False)  # for tests: tells each outcome
# Entries that wait in a stream before further hits go to the spool on disk instead.
PIXEL_STREAM_LIMIT = env.number("PIXEL_STREAM_LIMIT", 1_000_000, between(1, 1_000_000_000))
STATS_PUBLIC = env.flag("STATS_PUBLIC", True)
# Where less is free on the spool's disk, /readyz says so. Nobody is turned away for it.
PIXEL_DISK_RESERVE_MB = env.number("PIXEL_DISK_RESERVE_MB", 1024, between(0, 1_000_000_000))
# Openings that are older are deleted every night, and only their counts stay; 0 keeps them all.
OPENING_RETENTION_DAYS = env.number("OPENING_RETENTION_DAYS", 0, between(0, 36_500))
# The same of page views.
PAGE_VIEW_RETENTION_DAYS = env.number("PAGE_VIEW_RETENTION_DAYS", 0, between(0, 36_500))
CELERY_BEAT_SCHEDULE = (
    SCHEDULE
    | (FORGET_PAGE_VIEWS if PAGE_VIEW_RETENTION_DAYS else {})
    | (FORGET_OPENINGS if OPENING_RETENTION_DAYS else {})
)

# -- Contact imports ------------------------------------------------------------------------------
MAX_IMPORT_BYTES = env.number("MAX_IMPORT_BYTES", 1_073_741_824, between(1024, 10**12))
# What a packed file may hold: a few kilobytes can unpack to more than any disk has.
MAX_IMPORT_UNPACKED_BYTES = env.number(
    "MAX_IMPORT_UNPACKED_BYTES", 4_294_967_296, between(1024, 10**13)
)
# So long after its end an import keeps the rows that it reported, and a file not yet done with.
IMPORT_KEEP_DAYS = env.number("IMPORT_KEEP_DAYS", 30, between(1, 36_500))
MEDIA_ROOT = VAR_DIR / "uploads"  # for us alone: no address serves it
MEDIA_ROOT.mkdir(mode=0o700, exist_ok=True)
FILE_UPLOAD_TEMP_DIR = str(MEDIA_ROOT)  # beside it, so that storing a file is renaming it
FILE_UPLOAD_PERMISSIONS = 0o600

# -- API ---------------------------------------------------------------------------------------
# Who may make an account at /api/sign-up/: anybody, whoever a team has invited, or nobody.
API_SIGN_UP = env.text("API_SIGN_UP", "invited", one_of("open", "invited", "closed"))
# So many logins may fail in so many minutes, of one account from one network; see login_guard.py.
API_LOGIN_FAILURES = env.number("API_LOGIN_FAILURES", 10, between(1, 1_000_000))
API_LOGIN_LOCK_MINUTES = env.number("API_LOGIN_LOCK_MINUTES", 15, between(1, 1440))
# What a request may bring: 10,000 rows of a bulk post, and then some.
API_MAX_BODY_BYTES = env.number("API_MAX_BODY_BYTES", 10_485_760, between(1024, 1_000_000_000))
DATA_UPLOAD_MAX_MEMORY_SIZE = API_MAX_BODY_BYTES  # Django's own limit, for forms
# A thousand rows can be deleted at once, and a team's page sends five fields for each member.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "accounts.api_key_authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "pixeltrack.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": [
        "pixeltrack.renderers.JSONRenderer",
        "rest_framework.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "pixeltrack.negotiation.ContentNegotiation",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "pixeltrack.pagination.CursorPagination",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "pixeltrack.pagination.Search",
        "pixeltrack.pagination.Ordering",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "pixeltrack.problems.problem_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SIMPLE_JWT = {
    "SIGNING_KEY": API_SECRET_KEY,
    "ALGORITHM": API_SECRET_ALGORITHM,
    "ACCESS_TOKEN_LIFETIME": timedelta(
        minutes=env.number("API_ACCESS_TOKEN_EXPIRE_MINUTES", 30, between(1, 1440))
    ),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    # A changed password ends the tokens that came before it.
    "CHECK_REVOKE_TOKEN": True,  # nosec B105 # no password but a switch
    "UPDATE_LAST_LOGIN": True,
}
SPECTACULAR_SETTINGS = api_docs(PUBLIC_URL)

env.refuse_strangers()
