"""A small FastAPI application with a lifespan and a WebSocket."""

import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket, WebSocketDisconnect


@asynccontextmanager
async def lifespan(app):
    app.state.stock = {"tea": 3}
    yield
    print("stock written back", flush=True)


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def index():
    return {"message": "Hello from the shop", "stock": app.state.stock}


@app.get("/slow")
async def slow(seconds: float = 1.0):
    await asyncio.sleep(min(60.0, seconds))
    return {"slept": seconds}


@app.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass
