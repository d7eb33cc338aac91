async def app(scope, receive, send):
    assert scope["type"] == "http"
    seen = f"{scope['scheme']} {scope['client'][0]}"
    body = seen if scope["path"] == "/seen" else "asgi"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body.encode()})
