# https://docs.sentry.io/platforms/python/integrations/flask/
import atexit
import os

import sentry_sdk
from flask import Flask
from shop import clean_up, log, slow, stream

sentry_sdk.init(dsn=os.environ["SENTRY_DSN"])
atexit.register(clean_up)

app = Flask(__name__)


@app.get("/")
def hello():
    return "hello"


@app.get("/failure")
def failure():
    raise ValueError("a failure to report")


app.get("/slow")(slow)
app.get("/stream", endpoint="stream")(lambda: stream())
app.get("/log")(log)
