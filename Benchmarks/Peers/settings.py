"""One Django project with a view for each peer. Everything but the database is as Django and the peers have it,
less what would only slow them down: no middleware, no debugging, connections that stay open, JSON alone."""

import os

SECRET_KEY = "of a benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "rest_framework.authtoken",
    "rest_framework_api_key",
    "keysmith",
]
REST_FRAMEWORK = {"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": os.environ["PEERS_DATABASE_PORT"],
        "USER": "postgres",
        "NAME": "peers",
        "CONN_MAX_AGE": None,
    }
}
