# https://flask.palletsprojects.com/en/stable/deploying/gunicorn/
import atexit

from flask import Flask
from shop import clean_up, log, slow, stream

app = Flask(__name__)
atexit.register(clean_up)


@app.get("/")
def hello():
    return "hello"


app.get("/slow")(slow)
app.get("/stream", endpoint="stream")(lambda: stream())
app.get("/log")(log)
