"""The same application for the runtime and for its peers."""

import os
import time

if os.environ.get("BOOT_SECONDS"):
    time.sleep(float(os.environ["BOOT_SECONDS"]))

HEADERS = [("Content-Type", "text/plain"), ("Content-Length", "5")]


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/2ms":
        time.sleep(0.002)
    elif path == "/slow":
        time.sleep(0.2)
    elif path == "/pid":
        body = str(os.getpid()).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]
    start_response("200 OK", HEADERS)
    return [b"hello"]
