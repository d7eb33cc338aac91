import json


async def app(scope, receive, send):
    assert scope["type"] == "http"
    seen = f"{scope['scheme']} {scope['client'][0]}"
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    body = {"/seen": seen, "/headers": json.dumps(headers)}.get(scope["path"], "asgi")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body.encode()})
