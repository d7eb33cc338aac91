"""The application's side of PEP 3333, for a server that takes a status, headers and a body: gunicorn's rules for them."""

# RFC 9110, section 7.6.1: these are about a connection, which is the server's.
HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
    )
)


class Answer:
    """What the application says of one answer before its body. `start` is its start_response."""

    __slots__ = ("headers", "left", "sent", "status", "written")

    def __init__(self):
        self.status = 0
        self.headers = []
        # How many bytes of the body may still go out; None where the application has not said how many there are.
        self.left = None
        self.written = []
        self.sent = False

    def start(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                # Its traceback holds this frame.
                exc_info = None
        elif self.status:
            raise AssertionError("start_response was called twice, and the second time without exc_info")
        if not isinstance(status, str) or not (status[:3].isdecimal() and status[3:4] in ("", " ")):
            raise ValueError("%r is no status" % (status,))
        code = int(status[:3])
        if code < 100:
            raise ValueError("%r is no status" % status)
        bodiless = code == 204 or code < 200
        kept = []
        left = None
        for name, value in headers:
            lower = name.lower()
            if lower in HOP_BY_HOP:
                continue
            if lower == "content-length":
                if bodiless:
                    continue
                left = int(value)
            kept.append((lower.encode("latin-1"), value.strip(" \t").encode("latin-1")))
        self.left = 0 if bodiless or code == 304 else left
        self.headers = kept
        self.status = code
        return self.written.append

    def cut(self, chunk):
        """What of a part of the body goes out: not a byte more than the headers say."""
        if not isinstance(chunk, bytes):
            raise TypeError("%r is no bytes" % type(chunk))
        left = self.left
        if left is None:
            return chunk
        self.left = max(0, left - len(chunk))
        return chunk if len(chunk) <= left else chunk[:left]


class Chunks:
    """What is left of a body once its first chunk has been asked for, which is when generators call start_response."""

    def __init__(self, answer, chunks):
        self._first = answer.written
        self._body = chunks
        self._rest = iter(chunks)
        while not answer.status:
            try:
                self._first.append(next(self._rest))
            except StopIteration:
                if not answer.status:
                    raise AssertionError("the application ended without a call of start_response") from None

    def __iter__(self):
        return self

    def __next__(self):
        return self._first.pop(0) if self._first else next(self._rest)

    def close(self):
        # PEP 3333: called once the answer is complete or given up, if there is such a method.
        close, self._body = getattr(self._body, "close", None), None
        if close is not None:
            close()
