"""A small Flask application, enough to see what AppServer does for it."""

import os
import socket
import time

from flask import Flask, jsonify, request

app = Flask(__name__)


@app.get("/")
def index():
    return jsonify(
        message="Hello from the shop",
        revision=os.environ.get("REVISION", "1"),
        pod=socket.gethostname(),
        worker=os.getpid(),
    )


@app.get("/slow")
def slow():
    """Answers after ?seconds=, at most a minute."""
    seconds = min(60.0, float(request.args.get("seconds", "1")))
    time.sleep(seconds)
    return jsonify(slept=seconds, worker=os.getpid())
