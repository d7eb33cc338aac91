"""The body of a request as a WSGI application reads it, and the waits on Granian's side of the exchange."""

import sys
from _thread import allocate_lock


NUDGE_SECONDS = 0.1


class DirectLoop:
    """Stands where Granian expects an event loop: what it would have called later is called at once."""

    @staticmethod
    def call_soon(callback, *args, context=None):
        callback(*args)

    call_soon_threadsafe = call_soon


def wait(future, nudge):
    """The result of one of Granian's futures, which another thread of its pool brings.

    `nudge` makes the pool look whether it has a thread for that: where a task comes as a thread takes another, it
    mistakes that thread for a free one.
    """
    try:
        next(future)
    except StopIteration as done:
        return done.value
    pending = allocate_lock()
    pending.acquire()
    future.add_done_callback(lambda _: pending.release())
    while not pending.acquire(timeout=NUDGE_SECONDS):
        nudge()
    return future.result()


def when_done(future, call):
    """Calls `call` with the result of one of Granian's futures, in this thread or another of its pool."""
    try:
        next(future)
    except StopIteration as done:
        call(done.value)
    else:
        future.add_done_callback(lambda future: call(future.result()))


class IncompleteBody(OSError):
    """The client has gone, or sent what is no body, before the end of it."""


class Input:
    """`wsgi.input`. What breaks off raises: what an application has read to its end is complete."""

    def __init__(self, receive, nudge, clock, length, first):
        """`nudge`: see wait(). `length`: how many bytes it has, None where chunks say so. `first`: what has been received of it, if anything."""
        self._receive = receive
        self._nudge = nudge
        self._clock = clock
        self._left = length
        self._broken = False
        self._data = b""
        # How much of it has been read.
        self._at = 0
        self.ended = length == 0
        if first is not None and not self.ended:
            self._take_in(first)

    def _waits(self):
        """Whether there is something to read; it is in _data then."""
        while self._at == len(self._data):
            if self.ended:
                return False
            if not self._broken:
                self._take_in(self._next())
            if self._broken:
                raise IncompleteBody("the body of the request is not complete")
        return True

    def _next(self):
        self._clock.pause()
        try:
            return wait(self._receive(), self._nudge)
        finally:
            self._clock.resume()

    def _take_in(self, message):
        if message["type"] != "http.request":
            self._broken = True
            return
        self._data = message["body"]
        self._at = 0
        if self._left is not None:
            self._left -= len(self._data)
        # The last word has no body, and need not be waited for where it is known to be the next.
        self.ended = self._left == 0 or not message["more_body"]

    def _take(self, end):
        part = self._data[self._at : end]
        self._at += len(part)
        return part

    def read(self, size=None):
        left = sys.maxsize if size is None or size < 0 else size
        parts = []
        while left and self._waits():
            part = self._take(self._at + left)
            left -= len(part)
            parts.append(part)
        return b"".join(parts)

    def readline(self, size=None):
        left = sys.maxsize if size is None or size < 0 else size
        parts = []
        while left and self._waits():
            newline = self._data.find(b"\n", self._at, self._at + left)
            part = self._take(self._at + left if newline < 0 else newline + 1)
            left -= len(part)
            parts.append(part)
            if newline >= 0:
                break
        return b"".join(parts)

    def readlines(self, hint=None):
        return list(self)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line


class Gone:
    """Whether the client has gone while its answer is sent. Granian says so only to who waits for it."""

    def __init__(self, receive, body):
        self._receive = receive
        self._body = body
        self._waiting = False
        self.gone = False

    def look(self):
        # Before the end of the body this would take a part of it away from the application.
        if not self._waiting and self._body.ended:
            self._waiting = True
            when_done(self._receive(), self._said)
        return self.gone

    def _said(self, message):
        if message["type"] == "http.disconnect":
            self.gone = True
        else:
            # The end of a body that nobody has read; only the next word is about the client.
            when_done(self._receive(), self._said)
