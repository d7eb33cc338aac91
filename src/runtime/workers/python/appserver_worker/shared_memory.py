"""This worker's row of the memory that it shares with the supervisor.

src/runtime/shared/shared-memory-layout.ts describes the layout and names the same offsets.
"""

import mmap
import struct
import sys
import threading
from bisect import bisect_left
from time import monotonic

HEADER_BYTES = 4096
MAX_ROWS = 256
ROW_BYTES = 1024
RECORDS_AT = 256
RECORD_BYTES = 256
RECORDS = 3
TEXT_BYTES = RECORD_BYTES - 12

BEGUN, ENDED, SECONDS, BUCKETS = 0, 1, 2, 3
STATUSES = 15  # five numbers: answers with 1xx, 2xx, 3xx, 4xx, 5xx
RETIRING = 20
ACCEPTING, CONNECTIONS, TURN, GIL = 22, 23, 24, 25
ROWS_USED, ACCESS_LOG_QUERY = 6, 7  # counted in u32

# Python before 3.13 cannot be without it.
has_gil = getattr(sys, "_is_gil_enabled", lambda: True)


class Request:
    """One that has begun and not ended."""

    # Offset of its record, 0 when it has none.
    at = 0
    # Since when its clock is stopped, 0 while it runs.
    paused = 0.0
    answered = False

    def __init__(self, began, line):
        self.began = began
        # What its record says of its beginning: so long ago as the application has worked on it.
        self.clock = began
        self.line = line


class Row:
    def __init__(self, fd, slot, bounds):
        memory = mmap.mmap(fd, HEADER_BYTES + MAX_ROWS * ROW_BYTES)
        view = memoryview(memory)
        self._words = view[0:HEADER_BYTES].cast("I")
        self._settings = view[8:24].cast("d")
        start = HEADER_BYTES + slot * ROW_BYTES
        self._numbers = view[start : start + RECORDS_AT].cast("d")
        self._memory = memory
        self._view = view
        self._slot = slot
        # Offsets of the records that hold no request.
        self._free = [start + RECORDS_AT + i * RECORD_BYTES for i in range(RECORDS)]
        self._write_record = struct.Struct("<dI%ds" % TEXT_BYTES).pack_into
        self._write_clock = struct.Struct("<d").pack_into
        self._bounds = tuple(bounds)
        self.note_gil()

    def note_gil(self):
        """To be called again and again: a module that is imported can switch it on."""
        self._numbers[GIL] = 1 if has_gil() else 2

    def draining(self):
        """Whether the pod ends: answers say `Connection: close`."""
        return self._words[0] == 1

    def retiring(self):
        """Whether this worker alone ends."""
        return self._numbers[RETIRING] != 0

    def access_log(self):
        """Number of the access log's format, 0 for none."""
        return self._words[1]

    def access_log_query(self):
        """Whether the access log has query strings."""
        return self._words[ACCESS_LOG_QUERY] == 1

    def beat_seconds(self):
        return self._settings[0]

    def request_timeout(self):
        """In seconds, 0 for none."""
        return self._settings[1]

    @property
    def numbers(self):
        """Of this row, by the names above."""
        return self._numbers

    def other_rows(self):
        """How many rows others have or had."""
        return max(0, self._words[ROWS_USED] - 1)

    def others(self):
        """The numbers of the rows that other workers have or had."""
        return [
            self._view[start : start + RECORDS_AT].cast("d")
            for slot in range(self._words[ROWS_USED])
            if slot != self._slot
            for start in (HEADER_BYTES + slot * ROW_BYTES,)
        ]

    def set_connections(self, count):
        """How many connections are open."""
        self._numbers[CONNECTIONS] = count

    def add_connections(self, count):
        self._numbers[CONNECTIONS] += count

    def begin(self, method, path):
        """Counts a request as begun. Returns what the methods below want."""
        # For how often this and end() are called, they do what they do with the fewest calls.
        now = monotonic()
        self._numbers[BEGUN] += 1
        request = Request(now, (method + " " + path).encode("utf-8", "replace"))
        if self._free:
            self._write(request)
        return request

    def end(self, request, status):
        """Counts a request as ended. `status` is 0 when there was no answer. Returns the seconds it took."""
        seconds = monotonic() - request.began
        numbers = self._numbers
        numbers[ENDED] += 1
        numbers[SECONDS] += seconds
        numbers[BUCKETS + bisect_left(self._bounds, seconds)] += 1
        if 100 <= status < 600:
            numbers[STATUSES - 1 + status // 100] += 1
        at = request.at
        if at:
            self._write_clock(self._memory, at, 0.0)
            self._free.append(at)
        return seconds

    def pause(self, request):
        """The application waits for bytes of its client: that is not its time."""
        request.paused = monotonic()
        self._stop_clock(request)

    def resume(self, request):
        request.clock += monotonic() - request.paused
        request.paused = 0.0
        self._start_clock(request)

    def used(self, request):
        """Seconds of its deadline."""
        return (request.paused or monotonic()) - request.clock

    def restart(self, request, used=0.0):
        """Its deadline counts from now on, as if so many seconds of it had passed."""
        request.clock = monotonic() - used
        self._start_clock(request)

    def answer_begins(self, request):
        """It has no deadline any more."""
        request.answered = True
        self._stop_clock(request)

    def _write(self, request):
        """Into a record, of which one must be free."""
        request.at = at = self._free.pop()
        line = request.line
        size = len(line)
        self._write_record(self._memory, at, request.clock, size if size < TEXT_BYTES else TEXT_BYTES, line)

    def _stop_clock(self, request):
        if request.at:
            self._write_clock(self._memory, request.at, -request.clock)

    def _start_clock(self, request):
        if request.at and not request.answered:
            self._write_clock(self._memory, request.at, request.clock)


class ThreadedRow(Row):
    """A row that several threads write. Its records hold the requests whose clock runs, and no others."""

    def __init__(self, fd, slot, bounds):
        super().__init__(fd, slot, bounds)
        self._lock = threading.Lock()
        # Those that have no record since all are taken, the oldest first.
        self._unseen = {}

    def begin(self, method, path):
        with self._lock:
            request = Row.begin(self, method, path)
            if not request.at:
                self._unseen[request] = None
            return request

    def end(self, request, status):
        with self._lock:
            seconds = Row.end(self, request, status)
            if self._unseen:
                self._unseen.pop(request, None)
                self._write_unseen()
            return seconds

    def _stop_clock(self, request):
        with self._lock:
            at = request.at
            if at:
                request.at = 0
                self._write_clock(self._memory, at, 0.0)
                self._free.append(at)
                self._write_unseen()
            else:
                self._unseen.pop(request, None)

    def _start_clock(self, request):
        with self._lock:
            if not request.answered and not request.at:
                self._unseen[request] = None
                self._write_unseen()

    def _write_unseen(self):
        while self._unseen and self._free:
            oldest = next(iter(self._unseen))
            del self._unseen[oldest]
            self._write(oldest)
