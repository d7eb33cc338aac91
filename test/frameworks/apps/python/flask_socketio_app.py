# https://flask-socketio.readthedocs.io/en/latest/deployment.html
import atexit

from flask import Flask
from flask_socketio import SocketIO, emit
from shop import clean_up, log, slow, stream

app = Flask(__name__)
# The threads of gunicorn; gevent is there for others.
socketio = SocketIO(app, async_mode="threading")
atexit.register(clean_up)


@app.get("/")
def hello():
    return "hello"


app.get("/slow")(slow)
app.get("/stream", endpoint="stream")(lambda: stream())
app.get("/log")(log)


@socketio.on("echo")
def echo(text):
    emit("echo", text)
