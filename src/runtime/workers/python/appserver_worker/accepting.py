"""Accepts connections of a listening socket for an asyncio protocol, in turn with the other workers.

asyncio's own server takes all that are queued whenever it looks, and leaves none to workers that have nothing to do.
"""

import asyncio
import time

# As long as asyncio's own server waits when the process has no descriptor left.
RETRY_SECONDS = 1.0


class AcceptingServer:
    """Has of asyncio.Server what uvicorn uses."""

    def __init__(self, sock, make_protocol, balance, row):
        self._sock = sock
        self._row = row
        self._make_protocol = make_protocol
        self._balance = balance
        self._loop = asyncio.get_running_loop()
        self._starting = set()
        self._closed = False
        self._watch()

    def close(self):
        if not self._closed:
            self._loop.remove_reader(self._sock.fileno())
            self._closed = True

    async def wait_closed(self):
        """The socket is shared with others and stays open."""

    def _watch(self):
        if not self._closed:
            self._loop.add_reader(self._sock.fileno(), self._waiting)

    def _waiting(self):
        if self._balance.leaves(self._sock, time.monotonic()):
            return
        # As many as are this worker's: a turn of the event loop for each would cost more than it takes.
        while self._take() and not self._balance.other_has_less():
            pass

    def _take(self):
        """Whether there was one."""
        try:
            connection, _ = self._sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError:
            # No descriptor or no memory is left: others may have some.
            self._loop.remove_reader(self._sock.fileno())
            self._loop.call_later(RETRY_SECONDS, self._watch)
            return False
        connection.setblocking(False)
        # Now, for the others to see; its protocol hears of it in a later turn of the event loop.
        self._balance.took()
        self._row.add_connections(1)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._make_protocol, connection))
        self._starting.add(task)
        task.add_done_callback(self._started)
        return True

    def _started(self, task):
        self._starting.discard(task)
        if task.cancelled() or task.exception() is not None:
            # The client has gone already: no protocol has it that could lose it.
            self._row.add_connections(-1)


def counted_protocol(base, row):
    """A protocol of uvicorn's, with the connections counted as closed that AcceptingServer has counted as open.

    One that becomes a WebSocket's is lost by the protocol that it has then.
    """

    class CountedProtocol(base):
        def connection_lost(self, exc):
            super().connection_lost(exc)
            row.add_connections(-1)

    return CountedProtocol
