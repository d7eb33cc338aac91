"""gunicorn's gevent worker class, with requests counted and ended one by one. Imported after gevent has patched."""

import select
import time

import gevent
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.workers.ggevent import GeventWorker

from appserver_worker.wsgi import LINGER_SECONDS, supervised_connections


def supervised_gevent(context):
    row = context.row

    class RequestTimeout(Exception):
        pass

    class SupervisedGevent(supervised_connections(GeventWorker, context)):
        def on_beat(self):
            """gevent's own server sees to the sockets' flags."""

        def handle_request(self, listener_name, request, sock, addr):
            limit = row.request_timeout()
            if limit == 0:
                return super().handle_request(listener_name, request, sock, addr)
            # One request of many is over its time: it alone ends, and the others of this worker go on.
            with gevent.Timeout(limit, RequestTimeout("no answer within %g s" % limit)):
                try:
                    return super().handle_request(listener_name, request, sock, addr)
                except RequestTimeout:
                    context.supervisor.request_timed_out(request.method, request.path, limit)
                    raise

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
