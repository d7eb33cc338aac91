"""The same application for the runtime and for its peers."""

import json
import os
import time

if os.environ.get("BOOT_SECONDS"):
    time.sleep(float(os.environ["BOOT_SECONDS"]))

HEADERS = [("Content-Type", "text/plain"), ("Content-Length", "5")]
LINES_A_REQUEST = 20


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/2ms":
        time.sleep(0.002)
    elif path == "/log":
        # As a handler of Python's logging writes them: one by one.
        for i in range(LINES_A_REQUEST):
            line = {"level": "info", "time": time.time(), "logger": "shop.orders", "msg": "order placed", "order": i}
            os.write(1, json.dumps(line).encode() + b"\n")
    elif path == "/slow":
        time.sleep(0.2)
    elif path == "/pid":
        body = str(os.getpid()).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]
    start_response("200 OK", HEADERS)
    return [b"hello"]
