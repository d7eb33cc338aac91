# https://docs.litestar.dev/latest/usage/applications.html#startup-and-shutdown
from litestar import Litestar, MediaType, WebSocket, get, websocket
from litestar.response import Stream
from shop import clean_up_async, log, slow_async, stream_async


@get("/", media_type=MediaType.TEXT)
async def hello() -> str:
    return "hello"


@get("/slow", media_type=MediaType.TEXT)
async def slow() -> str:
    return await slow_async()


@get("/log", media_type=MediaType.TEXT)
async def write_log() -> str:
    return log()


@get("/stream")
async def stream() -> Stream:
    return Stream(stream_async())


@websocket("/socket")
async def echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(await socket.receive_text())


app = Litestar([hello, slow, write_log, stream, echo], on_shutdown=[clean_up_async])
