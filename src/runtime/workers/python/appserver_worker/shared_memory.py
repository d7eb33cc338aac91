"""This worker's row of the memory that it shares with the supervisor.

src/runtime/shared-memory.ts describes the layout and names the same offsets.
"""

import bisect
import mmap
import threading
import time

HEADER_BYTES = 4096
ROW_BYTES = 1024
RECORDS_AT = 256
RECORD_BYTES = 256
RECORDS = 3
TEXT_BYTES = RECORD_BYTES - 12

BEGUN, ENDED, SECONDS, BUCKETS = 0, 1, 2, 3
STATUSES = 15  # five numbers: answers with 1xx, 2xx, 3xx, 4xx, 5xx
RETIRING = 20


class Row:
    def __init__(self, fd, slot, bounds):
        memory = mmap.mmap(fd, HEADER_BYTES + (slot + 1) * ROW_BYTES)
        view = memoryview(memory)
        self._words = view[0:8].cast("I")
        self._settings = view[8:24].cast("d")
        start = HEADER_BYTES + slot * ROW_BYTES
        self._numbers = view[start : start + RECORDS_AT].cast("d")
        self._records = []
        for i in range(RECORDS):
            at = start + RECORDS_AT + i * RECORD_BYTES
            began = view[at : at + 8].cast("d")
            length = view[at + 8 : at + 12].cast("I")
            self._records.append((began, length, view[at + 12 : at + RECORD_BYTES]))
        self._free = list(range(RECORDS))
        self._bounds = bounds
        # Threads of one worker write the same row, and adding is not one instruction.
        self._lock = threading.Lock()

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

    def begin(self, method, path):
        """Counts a request as begun. Returns what end() wants."""
        now = time.monotonic()
        with self._lock:
            self._numbers[BEGUN] += 1
            record = self._free.pop() if self._free else None
        if record is not None:
            began, length, text = self._records[record]
            line = ("%s %s" % (method, path)).encode("utf-8", "replace")[:TEXT_BYTES]
            text[: len(line)] = line
            length[0] = len(line)
            began[0] = now
        return now, record

    def end(self, begun, status):
        """Counts a request as ended. `status` is 0 when there was no answer. Returns the seconds it took."""
        began, record = begun
        seconds = time.monotonic() - began
        numbers = self._numbers
        if record is not None:
            self._records[record][0][0] = 0.0
        with self._lock:
            numbers[ENDED] += 1
            numbers[SECONDS] += seconds
            numbers[BUCKETS + bisect.bisect_left(self._bounds, seconds)] += 1
            if 100 <= status < 600:
                numbers[STATUSES - 1 + status // 100] += 1
            if record is not None:
                self._free.append(record)
        return seconds
