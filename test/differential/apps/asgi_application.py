"""Answers with what it was given, for two servers to be compared: its scope and the body of the request, as JSON."""

import json


def told(scope):
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
    raw = {name: scope[name].decode("latin-1") for name in ("raw_path", "query_string")}
    plain = {name: scope[name] for name in ("type", "http_version", "method", "scheme", "path", "root_path")}
    return {**plain, **raw, "headers": headers, "client": scope["client"][0], "server": scope["server"][0]}


async def read(receive):
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return [*parts, message["type"]]
        parts.append(message.get("body", b"").decode("latin-1"))
        if not message.get("more_body", False):
            return ["".join(parts)]


def start(status, *headers):
    pairs = [[name.encode("latin-1"), value.encode("latin-1")] for name, value in headers]
    return {"type": "http.response.start", "status": status, "headers": pairs}


def body(*parts):
    messages = [{"type": "http.response.body", "body": part, "more_body": True} for part in parts]
    return [*messages, {"type": "http.response.body", "body": b""}]


ANSWERS = {
    "/answer/longer": [start(200, ("content-length", "2")), *body(b"ok", b"too much")],
    "/answer/shorter": [start(200, ("content-length", "9")), *body(b"ok")],
    "/answer/latin-1": [start(200, ("x-name", "Zo\xeb"), ("content-length", "0")), *body()],
    "/answer/split": [start(200, ("x-name", "a\r\nX-Other: b")), *body(b"sent")],
    "/answer/name": [start(200, ("x name", "a")), *body(b"sent")],
    "/answer/hop": [start(200, ("transfer-encoding", "chunked"), ("content-length", "2")), *body(b"ok")],
    "/answer/204": [start(204, ("content-length", "2")), *body(b"ok")],
    "/answer/304": [start(304, ("etag", "a")), *body(b"ok")],
    "/answer/status": [start(799, ("content-length", "2")), *body(b"ok")],
    "/answer/length": [start(200, ("content-length", "two")), *body(b"ok")],
    "/answer/empty-stream": [start(200), *body(b"", b"a", b"", b"b")],
    "/answer/twice": [start(200, ("content-length", "0")), start(200, ("content-length", "0")), *body()],
    "/answer/body-first": body(b"ok"),
}


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    answer = ANSWERS.get(scope["path"])
    if answer is None:
        text = json.dumps({"scope": told(scope), "body": await read(receive)}).encode()
        head = start(200, ("content-type", "application/json"), ("content-length", str(len(text))))
        answer = [head, {"type": "http.response.body", "body": text}]
    for message in answer:
        await send(message)
