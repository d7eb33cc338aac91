# https://starlette.dev/lifespan/
from contextlib import asynccontextmanager

from shop import clean_up_async, log, slow_async, stream_async
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute


@asynccontextmanager
async def lifespan(app):
    yield
    await clean_up_async()


async def hello(request):
    return PlainTextResponse("hello")


async def slow(request):
    return PlainTextResponse(await slow_async())


async def stream(request):
    return StreamingResponse(stream_async())


async def write_log(request):
    return PlainTextResponse(log())


async def socket(websocket):
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())


routes = [
    Route("/", hello),
    Route("/slow", slow),
    Route("/stream", stream),
    Route("/log", write_log),
    WebSocketRoute("/socket", socket),
]
app = Starlette(routes=routes, lifespan=lifespan)
