# https://prometheus.github.io/client_python/multiprocess/
import atexit

from flask import Flask
from prometheus_client import CollectorRegistry, Counter, generate_latest, multiprocess
from shop import clean_up, log, slow, stream

atexit.register(clean_up)
orders = Counter("orders", "Orders")
app = Flask(__name__)


@app.get("/")
def hello():
    orders.inc()
    return "hello"


@app.get("/metrics")
def metrics():
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)


app.get("/slow")(slow)
app.get("/stream", endpoint="stream")(lambda: stream())
app.get("/log")(log)
