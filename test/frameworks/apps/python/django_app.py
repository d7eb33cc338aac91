# https://docs.djangoproject.com/en/5.2/howto/deployment/wsgi/
import atexit

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from shop import clean_up, log, slow, stream

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="for a test", ALLOWED_HOSTS=["*"])
atexit.register(clean_up)

urlpatterns = [
    path("", lambda request: HttpResponse("hello")),
    path("slow", lambda request: HttpResponse(slow())),
    path("stream", lambda request: StreamingHttpResponse(stream())),
    path("log", lambda request: HttpResponse(log())),
]
application = get_wsgi_application()
