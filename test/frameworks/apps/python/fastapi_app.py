# https://fastapi.tiangolo.com/advanced/events/
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from shop import clean_up_async, log, slow_async, stream_async


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    await clean_up_async()


app = FastAPI(lifespan=lifespan, default_response_class=PlainTextResponse)


@app.get("/")
async def hello():
    return "hello"


app.get("/slow")(slow_async)
app.get("/log")(log)


@app.get("/stream")
async def stream():
    return StreamingResponse(stream_async())


@app.websocket("/socket")
async def socket(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
