# https://github.com/sysid/sse-starlette#quick-start
from contextlib import asynccontextmanager

from shop import clean_up_async, log, slow_async, stream_async
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


@asynccontextmanager
async def lifespan(app):
    yield
    await clean_up_async()


async def hello(request):
    return PlainTextResponse("hello")


async def slow(request):
    return PlainTextResponse(await slow_async())


async def write_log(request):
    return PlainTextResponse(log())


async def stream(request):
    async def events():
        async for part in stream_async():
            yield {"data": part.decode().strip()}

    return EventSourceResponse(events())


routes = [Route("/", hello), Route("/slow", slow), Route("/stream", stream), Route("/log", write_log)]
app = Starlette(routes=routes, lifespan=lifespan)
