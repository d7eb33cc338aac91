"""A Django project in one file, with what most have installed."""

import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

import django.contrib.admin  # noqa: E402
import django.contrib.auth.views  # noqa: E402, F401
import django.db.backends.sqlite3.base  # noqa: E402, F401
from django.core.wsgi import get_wsgi_application  # noqa: E402

urlpatterns = [path("", lambda request: HttpResponse("hello")), path("admin/", django.contrib.admin.site.urls)]
app = get_wsgi_application()
