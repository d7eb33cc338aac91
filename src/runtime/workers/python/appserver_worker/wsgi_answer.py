"""The application's side of PEP 3333, for a server that takes a whole answer: status, headers and body or iterator."""


class Answer:
    """What the application says of one answer before its body. `start` is its start_response."""

    __slots__ = ("headers", "sent", "status", "written")

    def __init__(self):
        self.status = 0
        self.headers = []
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
        self.status = int(status[:3])
        self.headers = list(headers)
        return self.written.append


class Chunks:
    """What is left of a body once its first chunk has been asked for, which is when generators call start_response."""

    def __init__(self, answer, chunks):
        self._first = answer.written
        self._body = chunks
        self._rest = iter(chunks)
        self.size = 0
        while not answer.status:
            try:
                self._first.append(next(self._rest))
            except StopIteration:
                if not answer.status:
                    raise AssertionError("the application ended without a call of start_response") from None
        answer.sent = True

    def __iter__(self):
        return self

    def __next__(self):
        chunk = self._first.pop(0) if self._first else next(self._rest)
        self.size += len(chunk)
        return chunk

    def close(self):
        # PEP 3333: called once the answer is complete or given up, if there is such a method.
        close, self._body = getattr(self._body, "close", None), None
        if close is not None:
            close()
