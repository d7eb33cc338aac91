"""gunicorn's gevent worker class, with requests counted and ended one by one. Imported after gevent has patched."""

import select
import time

import gevent
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.workers.ggevent import GeventWorker

from appserver_worker.wsgi import LINGER_SECONDS, supervised_connections


class RequestTimeout(Exception):
    def __init__(self, seconds):
        super().__init__("no answer within %g s" % seconds)
        self.seconds = seconds


class NoClock:
    """Of a request without a deadline."""

    def pause(self):
        pass

    resume = answer_begins = close = pause

    def paced(self, sock):
        return sock


class GreenletClock(NoClock):
    """Ends the request of this greenlet when its time is over."""

    def __init__(self, limit):
        self._limit = limit
        self._left = limit
        self._greenlet = gevent.getcurrent()
        self._loop = gevent.get_hub().loop
        self._answered = False
        self._timer = None
        self.resume()

    def resume(self):
        if self._answered or self._timer is not None or self._elsewhere():
            return
        self._since = time.monotonic()
        self._timer = self._loop.timer(max(0.0, self._left))
        self._timer.start(self._greenlet.throw, RequestTimeout(self._limit))

    def pause(self):
        if self._timer is None or self._elsewhere():
            return
        self._left -= time.monotonic() - self._since
        self._stop()

    def answer_begins(self):
        self._answered = True
        if not self._elsewhere():
            self._stop()

    close = answer_begins

    def _elsewhere(self):
        """Whether this runs in another thread, with a loop of its own."""
        return gevent.get_hub().loop is not self._loop

    def _stop(self):
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.stop()
            timer.close()


def supervised_gevent(context):
    row = context.row

    def make_clock(row, _):
        limit = row.request_timeout()
        return GreenletClock(limit) if limit else NoClock()

    class SupervisedGevent(supervised_connections(GeventWorker, context, make_clock)):
        def on_beat(self):
            """gevent's own server sees to the sockets' flags."""

        def handle_request(self, listener_name, request, sock, addr):
            # One request of many is over its time: it alone ends, and the others of this worker go on.
            try:
                return super().handle_request(listener_name, request, sock, addr)
            except RequestTimeout as timeout:
                context.supervisor.request_timed_out(request.method, request.path, timeout.seconds)
                raise
            finally:
                request.appserver_clock.close()

        def announce_close(self):
            # The waits of connections that are idle now have begun with what it was before.
            self.cfg.set("keepalive", 0)

        def timeout_ctx(self):
            """The wait for the next request on a kept connection."""
            worker = self

            class Idle(gevent.Timeout):
                def __enter__(idle):
                    worker.idle[gevent.getcurrent()] = idle
                    return super().__enter__()

                def __exit__(idle, *args):
                    worker.idle.pop(gevent.getcurrent(), None)
                    return super().__exit__(*args)

            return Idle(self.cfg.keepalive, False)

        def run(self):
            self.idle = {}
            pools = []
            servers = []
            for listener in self.sockets:
                listener.setblocking(1)
                pool = Pool(self.worker_connections)
                server = StreamServer(
                    listener, handle=lambda *args, at=listener: self.handle(at, *args), spawn=pool
                )
                # Several workers share the socket: whoever is busy must not take more than one at a time.
                server.max_accept = 1
                server.start()
                pools.append(pool)
                servers.append(server)
            while self.alive:
                self.notify()
                gevent.sleep(min(1.0, row.beat_seconds()) if not row.draining() else 0.1)
            while row.draining() and select.select(self.sockets, [], [], 0)[0]:
                gevent.sleep(0.01)
            for server in servers:
                server.close()
            close_idle_at = time.monotonic() + (0.0 if row.draining() else LINGER_SECONDS)
            # Not for ever: the supervisor ends a worker that takes longer than the graceful timeout.
            while any(len(pool) > 0 for pool in pools):
                self.notify()
                if time.monotonic() >= close_idle_at:
                    for greenlet, idle in list(self.idle.items()):
                        gevent.kill(greenlet, idle)
                gevent.sleep(0.05)

    return SupervisedGevent
