"""Answers with what it was given, for two servers to be compared: its environ and the body of the request, as JSON."""

import json

OWN = ("SERVER_SOFTWARE", "wsgi.errors", "wsgi.input", "wsgi.early_hints", "wsgi.multithread", "gunicorn.socket")
# Of the connection, which is another one for each server.
PORTS = ("REMOTE_PORT", "SERVER_PORT")


def told(environ):
    known = {}
    for name, value in environ.items():
        if name in OWN:
            continue
        if name in PORTS:
            value = value.isdecimal()
        elif not isinstance(value, (str, bool, tuple)):
            value = type(value).__name__
        known[name] = value
    return known


def body_of(environ):
    body = environ["wsgi.input"]
    reads = {
        "line": lambda: [line.decode("latin-1") for line in iter(body.readline, b"")],
        "lines": lambda: [line.decode("latin-1") for line in body.readlines()],
        "short": lambda: [part.decode("latin-1") for part in iter(lambda: body.read(3), b"")],
        "shortline": lambda: [part.decode("latin-1") for part in iter(lambda: body.readline(3), b"")],
        "none": lambda: None,
        "beyond": lambda: [body.read(0).decode(), body.read(10**6).decode("latin-1"), body.read().decode("latin-1")],
    }
    try:
        return reads.get(environ["QUERY_STRING"], lambda: body.read().decode("latin-1"))()
    except Exception:
        # Which one is the server's own.
        return {"raises": True}


def file(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return environ["wsgi.file_wrapper"](open(__file__, "rb"), 3)


def generator(chunks):
    def answer(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), *chunks[0]])
        yield from chunks[1]

    return answer


def listed(status, headers, body):
    def answer(environ, start_response):
        start_response(status, headers)
        return body

    return answer


def writes(environ, start_response):
    write = start_response("200 OK", [("Content-Length", "7")])
    write(b"written")
    write(b" too much")
    return [b" and more"]


ANSWERS = {
    "/answer/longer": listed("200 OK", [("Content-Length", "2")], [b"ok", b"too much"]),
    "/answer/longer-stream": generator(([("Content-Length", "2")], [b"o", b"kt", b"oo much"])),
    "/answer/written": writes,
    "/answer/file": file,
    "/answer/latin-1": listed("200 OK", [("X-Name", "Zo\xeb"), ("Content-Length", "0")], []),
    "/answer/no-latin-1": listed("200 OK", [("X-Name", "\u20ac")], [b"sent"]),
    "/answer/split": listed("200 OK", [("X-Name", "a\r\nX-Other: b")], [b"sent"]),
    "/answer/name": listed("200 OK", [("X Name", "a")], [b"sent"]),
    "/answer/hop": listed("200 OK", [("Transfer-Encoding", "chunked"), ("Content-Length", "2")], [b"ok"]),
    "/answer/204": listed("204 No Content", [("Content-Length", "2")], [b"ok"]),
    "/answer/304": listed("304 Not Modified", [("ETag", "a")], [b"ok"]),
    "/answer/text": listed("200 OK", [("Content-Length", "2")], ["ok"]),
    "/answer/status": listed("OK", [("Content-Length", "2")], [b"ok"]),
    "/answer/number": listed(200, [("Content-Length", "2")], [b"ok"]),
    "/answer/length": listed("200 OK", [("Content-Length", "two")], [b"ok"]),
    "/answer/empty-stream": generator(([], [b"", b"a", b"", b"b"])),
    "/answer/reason": listed("200 Fine", [("Content-Length", "2")], [b"ok"]),
}


def app(environ, start_response):
    answer = ANSWERS.get(environ["PATH_INFO"])
    if answer is not None:
        return answer(environ, start_response)
    text = json.dumps({"environ": told(environ), "body": body_of(environ)}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]
