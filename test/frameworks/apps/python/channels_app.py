# https://channels.readthedocs.io/en/latest/deploying.html
import atexit

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from shop import clean_up, log, slow_async, stream_async

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="for a test", ALLOWED_HOSTS=["*"])
atexit.register(clean_up)


async def slow(request):
    return HttpResponse(await slow_async())


async def stream(request):
    return StreamingHttpResponse(stream_async())


class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data=text_data)


urlpatterns = [
    path("", lambda request: HttpResponse("hello")),
    path("slow", slow),
    path("stream", stream),
    path("log", lambda request: HttpResponse(log())),
]
application = ProtocolTypeRouter(
    {"http": get_asgi_application(), "websocket": URLRouter([path("socket", Echo.as_asgi())])}
)
