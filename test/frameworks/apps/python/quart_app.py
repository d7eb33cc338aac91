# https://quart.palletsprojects.com/en/latest/how_to_guides/startup_shutdown/
from quart import Quart, websocket
from shop import clean_up_async, log, slow_async, stream_async

app = Quart(__name__)


@app.after_serving
async def shutdown():
    await clean_up_async()


@app.get("/")
async def hello():
    return "hello"


app.get("/slow")(slow_async)
app.get("/log")(log)


@app.get("/stream")
async def stream():
    return stream_async()


@app.websocket("/socket")
async def socket():
    await websocket.send(await websocket.receive())
