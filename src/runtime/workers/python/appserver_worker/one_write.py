"""The head of an answer goes out with the beginning of its body: one system call and one packet.

The servers write the two apart, and a write is a large part of what a small answer costs.
"""

import asyncio

# Larger bodies are written beside their head: copying them would cost more than the call that it saves.
JOINED_BYTES = 16384


class Collected:
    """Stands where a response has its socket, for as long as it puts together what to send."""

    def __init__(self):
        self.parts = []

    def sendall(self, data):
        self.parts.append(data)

    def gettimeout(self):
        return 0.0


def one_write_response(base):
    """gunicorn's class of responses, with write() sending the head and the first part of the body together."""

    class OneWriteResponse(base):
        def write(self, arg):
            if self.headers_sent or len(arg) > JOINED_BYTES:
                return super().write(arg)
            sock = self.sock
            self.sock = collected = Collected()
            try:
                super().write(arg)
            finally:
                self.sock = sock
                if collected.parts:
                    sock.sendall(b"".join(collected.parts))

    return OneWriteResponse


class OneWriteTransport:
    """An asyncio transport that keeps a first write back until a second one comes or the event loop goes on.

    No more than one write is ever kept back, so that the transport's own flow control stays in force.
    """

    def __init__(self, transport, flush_soon):
        self.transport = transport
        self._flush_soon = flush_soon
        self._held = None

    def __getattr__(self, name):
        return getattr(self.transport, name)

    def write(self, data):
        held = self._held
        if held is None:
            self._held = data
            self._flush_soon(self)
            return
        self._held = None
        if len(data) <= JOINED_BYTES:
            self.transport.write(b"".join((held, data)))
        else:
            self.transport.write(held)
            self.transport.write(data)

    def flush(self):
        held = self._held
        if held is not None:
            self._held = None
            if not self.transport.is_closing():
                self.transport.write(held)

    def close(self):
        self.flush()
        self.transport.close()


class FlushSoon:
    """Flushes transports when the event loop goes on: one callback for all that wrote in this turn of it."""

    def __init__(self):
        self._waiting = []

    def __call__(self, transport):
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(transport)

    def _flush(self):
        waiting = self._waiting
        self._waiting = []
        for transport in waiting:
            transport.flush()


def one_write_protocol(base):
    """uvicorn's HTTP protocol over such transports."""
    flush_soon = FlushSoon()

    class OneWriteProtocol(base):
        def connection_made(self, transport):
            super().connection_made(transport)
            self.transport = OneWriteTransport(transport, flush_soon)

        def handle_websocket_upgrade(self, *args):
            # The protocol that takes over writes whole messages.
            self.transport = self.transport.transport
            super().handle_websocket_upgrade(*args)

    return OneWriteProtocol
