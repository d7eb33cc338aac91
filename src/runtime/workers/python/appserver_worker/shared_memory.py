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
ACCEPTING, CONNECTIONS, TURN = 22, 23, 24
ROWS_USED = 6  # counted in u32


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
        self._clear_record = struct.Struct("<d").pack_into
        self._bounds = tuple(bounds)

    def draining(self):
        """Whether the pod ends: answers say `Connection: close`."""
        return self._words[0] == 1

    def retiring(self):
        """Whether this worker alone ends."""
        return self._numbers[RETIRING] != 0

    def access_log(self):
        """Number of the access log's format, 0 for none."""
        return self._words[1]

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
        """Counts a request as begun. Returns what end() wants."""
        # For how often these two are called, they do what they do with the fewest calls.
        now = monotonic()
        self._numbers[BEGUN] += 1
        try:
            at = self._free.pop()
        except IndexError:
            return now, 0
        line = (method + " " + path).encode("utf-8", "replace")
        size = len(line)
        self._write_record(self._memory, at, now, size if size < TEXT_BYTES else TEXT_BYTES, line)
        return now, at

    def end(self, begun, status):
        """Counts a request as ended. `status` is 0 when there was no answer. Returns the seconds it took."""
        began, at = begun
        seconds = monotonic() - began
        numbers = self._numbers
        numbers[ENDED] += 1
        numbers[SECONDS] += seconds
        numbers[BUCKETS + bisect_left(self._bounds, seconds)] += 1
        if 100 <= status < 600:
            numbers[STATUSES - 1 + status // 100] += 1
        if at:
            self._clear_record(self._memory, at, 0.0)
            self._free.append(at)
        return seconds


class LockedRow(Row):
    def __init__(self, fd, slot, bounds):
        super().__init__(fd, slot, bounds)
        self._lock = threading.Lock()

    def begin(self, method, path):
        with self._lock:
            return super().begin(method, path)

    def end(self, begun, status):
        with self._lock:
            return super().end(begun, status)


def thread_safe_row(fd, slot, bounds):
    """A row that several threads write."""
    # Since 3.10 CPython gives way to another thread at calls and jumps, and there is none within an addition of Row.
    one_step = sys.version_info >= (3, 10) and getattr(sys, "_is_gil_enabled", lambda: True)()
    return (Row if one_step else LockedRow)(fd, slot, bounds)
