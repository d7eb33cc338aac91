"""Django on ASGI in one file: an asynchronous view."""

import asyncio

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import JsonResponse
from django.urls import path

settings.configure(SECRET_KEY="only for this example", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__)


async def index(request):
    await asyncio.sleep(0.01)
    return JsonResponse({"message": "Hello from the shop"})


urlpatterns = [path("", index)]
application = get_asgi_application()
