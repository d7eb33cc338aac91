# https://docs.wagtail.org/en/stable/getting_started/integrating_into_django.html
import atexit

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import include, path
from shop import clean_up, log, slow, stream


class Tables:
    """Of the models as they are: the history of their migrations takes ten seconds."""

    def __contains__(self, name):
        return True

    def __getitem__(self, name):
        return None


settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY="for a test",
    ALLOWED_HOSTS=["*"],
    # One for all threads of a process.
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "file:wagtail?mode=memory&cache=shared",
            "OPTIONS": {"uri": True},
        }
    },
    MIGRATION_MODULES=Tables(),
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "wagtail.users",
        "wagtail.documents",
        "wagtail.images",
        "wagtail.search",
        "wagtail.admin",
        "wagtail",
        "modelsearch",
        "modelcluster",
        "taggit",
        "django_tasks",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    STATIC_URL="/static/",
    WAGTAIL_SITE_NAME="hello",
    WAGTAILADMIN_BASE_URL="http://localhost",
)
application = get_wsgi_application()

from django.core.management import call_command  # noqa: E402
from wagtail import urls as wagtail_urls  # noqa: E402
from wagtail.models import Page  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
atexit.register(clean_up)


def hello(request):
    pages = Page.objects.live().public().count()
    return HttpResponse("hello from %d pages" % pages)


urlpatterns = [
    path("", hello),
    path("slow", lambda request: HttpResponse(slow())),
    path("stream", lambda request: StreamingHttpResponse(stream())),
    path("log", lambda request: HttpResponse(log())),
    path("pages/", include(wagtail_urls)),
]
