"""The deadline of a request counts the application's time: not what its client takes to send the body, and not what comes
after the answer has begun.

A worker with one thread has nobody else to notice a client that stopped, so there each wait for a client has the same
deadline of its own, as the timeouts of nginx between two reads and two writes.
"""

# So much of an answer must get on its way to the client of a worker with one thread within its deadline.
PIECE_BYTES = 65536


class Clock:
    """Of one request, which `row` keeps."""

    __slots__ = ("_request", "_row")

    def __init__(self, row, request):
        self._row = row
        self._request = request

    def pause(self):
        self._row.pause(self._request)

    def resume(self):
        self._row.resume(self._request)

    def answer_begins(self):
        self._row.answer_begins(self._request)

    def restart(self):
        """A part of the answer is on its way."""

    def paced(self, sock):
        """The socket that the answer is written to."""
        return sock


class SyncClock(Clock):
    __slots__ = ("_used",)

    def pause(self):
        self._used = self._row.used(self._request)
        self._row.restart(self._request)

    def resume(self):
        self._row.restart(self._request, self._used)

    def restart(self):
        self._row.restart(self._request)

    def answer_begins(self):
        """What it writes begins."""

    def paced(self, sock):
        return PacedSocket(sock, self.restart)


class PacedSocket:
    """A socket whose deadline begins anew whenever a part has been written."""

    def __init__(self, sock, restart):
        self._sock = sock
        self._restart = restart

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def sendall(self, data):
        self._restart()
        if len(data) <= PIECE_BYTES:
            self._sock.sendall(data)
        else:
            view = memoryview(data)
            for start in range(0, len(data), PIECE_BYTES):
                self._sock.sendall(view[start : start + PIECE_BYTES])
                self._restart()
        self._restart()

    def sendfile(self, file, offset=0, count=None):
        sent = 0
        while count is None or sent < count:
            self._restart()
            piece = PIECE_BYTES if count is None else min(PIECE_BYTES, count - sent)
            now_sent = self._sock.sendfile(file, offset + sent, piece)
            if not now_sent:
                break
            sent += now_sent
        self._restart()
        return sent


class BodySocket:
    """Where the body of a request is read from."""

    def __init__(self, sock, clock):
        self._sock = sock
        self._clock = clock

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def recv(self, *args):
        self._clock.pause()
        try:
            return self._sock.recv(*args)
        finally:
            self._clock.resume()


class UpgradedSocket:
    """What an application that answers an upgrade (a WebSocket) takes for its own, with the answer."""

    def __init__(self, sock, clock):
        self._sock = sock
        self._clock = clock

    def __getattr__(self, name):
        if name in ("detach", "dup", "makefile", "send", "sendall", "sendmsg"):
            self._clock.answer_begins()
        return getattr(self._sock, name)


def timed_response(base):
    """gunicorn's class of responses, which tells the request's clock what it writes."""

    class TimedResponse(base):
        def __init__(self, request, sock, cfg, *args):
            self.clock = clock = getattr(request, "appserver_clock", None)
            super().__init__(request, sock if clock is None else clock.paced(sock), cfg, *args)

        def send_headers(self):
            if self.clock is not None and not self.headers_sent:
                self.clock.answer_begins()
            super().send_headers()

    return TimedResponse


def timed_create(create):
    """gunicorn's function that makes a response and an environ."""

    def timed(request, sock, *args, **kwargs):
        response, environ = create(request, sock, *args, **kwargs)
        clock = getattr(request, "appserver_clock", None)
        if clock is not None and "HTTP_UPGRADE" in environ:
            environ["gunicorn.socket"] = UpgradedSocket(sock, clock)
        return response, environ

    return timed
