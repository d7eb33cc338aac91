"""One WSGI worker: a worker class of gunicorn, the application's own, under a supervisor that is not gunicorn's."""

import os
import select
import selectors
import time

from appserver_worker import hooks, loading, versions
from appserver_worker.access_log import OFF, AccessLog, request_id
from appserver_worker.balance import Balance
from appserver_worker.one_write import one_write_response
from appserver_worker.request_clock import BodySocket, Clock, SyncClock, timed_create, timed_response
from appserver_worker.shared_memory import Row, ThreadedRow
from appserver_worker.trusted import Trusted

# How long a worker that retires alone keeps connections open that clients were told are kept: the next request on one
# of them is answered with `Connection: close`.
LINGER_SECONDS = 2.0
# Above this gunicorn takes its own limit.
LONGEST_REQUEST_LINE = 8190
# Hook functions under gunicorn's names, as far as they mean the same here.
HOOKS = ("post_fork", "post_worker_init", "worker_int", "pre_request", "post_request", "worker_exit")


def import_server():
    import gunicorn.app.base  # noqa: F401
    import gunicorn.glogging  # noqa: F401
    import gunicorn.http.wsgi  # noqa: F401
    import gunicorn.sock  # noqa: F401
    import gunicorn.workers.gthread  # noqa: F401
    import gunicorn.workers.sync  # noqa: F401


class Heartbeat:
    """Stands where gunicorn keeps a temporary file whose time its arbiter watches."""

    def __init__(self, supervisor, row):
        self._supervisor = supervisor
        self._row = row
        self._last = 0.0
        self.on_beat = lambda: None

    def notify(self):
        # Called in every turn of a worker's loop, so mostly it only looks at the clock.
        now = time.monotonic()
        if now - self._last >= self._row.beat_seconds():
            self._last = now
            self._supervisor.say("WATCHDOG=1")
            self._row.note_gil()
            self.on_beat()

    def last_update(self):
        return self._last

    def fileno(self):
        return self._supervisor.fd

    def close(self):
        pass


class Context:
    """What a worker of this process has beside gunicorn's own."""

    def __init__(self, settings, supervisor):
        self.supervisor = supervisor
        make = ThreadedRow if settings["class"] == "gthread" else Row
        self.row = make(settings["memoryFd"], settings["slot"], settings["latencyBounds"])
        self.access_log = AccessLog(settings["logFd"], settings["id"])


def supervised(base, context, request_at, make_clock=Clock):
    """Returns gunicorn's worker class `base` with requests counted and their time taken.

    `request_at`: which argument is the request. `make_clock`: makes a clock of the row and a request of it.
    """
    row = context.row

    class SupervisedWorker(base):
        # gunicorn's workers end when their parent's id changes. Theirs is the fork server, whose end need not be theirs;
        # the supervisor's is noticed on the pipe to it.
        ppid = property(lambda self: os.getppid(), lambda self, value: None)

        def init_signals(self):
            super().init_signals()
            # gunicorn's own handler of ABRT is Python and never runs while the interpreter is stuck in an extension.
            from appserver_worker.fork_server import show_stacks

            show_stacks()

        def handle_request(self, *args):
            request = args[request_at]
            request.appserver_status = 0
            begun = row.begin(request.method, request.path)
            request.appserver_clock = clock = make_clock(row, begun)
            unreader = request.unreader
            sock = unreader.sock
            unreader.sock = BodySocket(sock, clock)
            try:
                if row.draining() or row.retiring():
                    self.announce_close()
                return super().handle_request(*args)
            except Exception:
                # gunicorn answers 500 further up, unless the answer had begun.
                request.appserver_status = request.appserver_status or 500
                raise
            finally:
                unreader.sock = sock
                row.end(begun, request.appserver_status)

        def on_beat(self):
            # A flag of the shared socket, not of this process: any worker may have changed it for all.
            for listener in self.sockets:
                listener.setblocking(False)

        def announce_close(self):
            """Makes the answer say `Connection: close`; the client's next connection leads to another worker or pod."""

        def accept_queued(self):
            """Takes what is queued on the sockets when the pod ends: nobody else would, and clients would be reset."""
            for listener in self.sockets:
                while row.draining() and select.select([listener], [], [], 0)[0]:
                    try:
                        self.accept(listener)
                    except BlockingIOError:
                        break  # Another worker was quicker.
                    self.notify()

    return SupervisedWorker


def supervised_connections(base, context, make_clock):
    """The same of a class with a call of handle() for each connection, from its acceptance to its end."""
    row = context.row

    class SupervisedConnections(supervised(base, context, 1, make_clock)):
        def handle(self, *args):
            row.add_connections(1)
            try:
                return super().handle(*args)
            finally:
                row.add_connections(-1)

    return SupervisedConnections


def supervised_sync(context):
    from gunicorn.workers.sync import SyncWorker

    class SupervisedSync(supervised_connections(SyncWorker, context, SyncClock)):
        def run(self):
            super().run()
            self.accept_queued()

    return SupervisedSync


def supervised_gthread(context):
    from gunicorn.workers import gthread

    row = context.row

    class SupervisedThreads(supervised(gthread.ThreadWorker, context, 0)):
        retire_at = None
        stopped_accepting = False

        def init_process(self):
            self.balance = Balance(row, self.cfg.threads)
            super().init_process()

        def accept(self, *args):
            if not row.draining() and self.balance.leaves(args[-1], time.monotonic()):
                return
            before = self.nr_conns
            super().accept(*args)
            if self.nr_conns > before:
                self.balance.took()
                row.set_connections(self.nr_conns)

        def announce_close(self):
            # No room for connections to keep. Setting keepalive to 0 instead would also close the idle ones at once,
            # under clients that were told that they are kept.
            self.max_keepalived = 0

        def handle_exit(self, sig, frame):
            if self.retire_at is None:
                self.retire_at = time.monotonic() + (0.0 if row.draining() else LINGER_SECONDS)
                self.wake()

        def wake(self):
            """Ends the wait for events."""
            if hasattr(self, "method_queue"):
                self.method_queue.defer(lambda: None)
            else:
                os.write(self.PIPE[1], b".")

        def run(self):
            if not hasattr(self, "method_queue"):
                # Older versions wait for a second whatever is written there.
                self.poller.register(self.PIPE[0], selectors.EVENT_READ, lambda fd: os.read(fd, 64))
            self.balance.begin()
            super().run()

        def notify(self):
            super().notify()
            row.set_connections(self.nr_conns)
            if self.retire_at is None or not self.alive:
                return
            if not self.stopped_accepting:
                self.accept_queued()
                self.stop_accepting()
                self.announce_close()
            if self.nr_conns == 0 or time.monotonic() >= self.retire_at:
                self.alive = False
                self.wake()

        def accept_queued(self):
            for listener in self.sockets:
                while row.draining() and select.select([listener], [], [], 0)[0]:
                    # What the poller calls for this socket: its arguments differ between versions.
                    self.poller.get_key(listener).data(listener)

        def stop_accepting(self):
            self.stopped_accepting = True
            self.balance.end()
            if hasattr(self, "set_accept_enabled"):
                super().set_accept_enabled(False)
            else:
                for listener in self.sockets:
                    self.poller.unregister(listener)

        def set_accept_enabled(self, enabled):
            super().set_accept_enabled(enabled and not self.stopped_accepting)

    if not hasattr(gthread.ThreadWorker, "set_accept_enabled"):
        del SupervisedThreads.set_accept_enabled
    # Some versions linger by themselves; here the time for it is over when they begin to.
    gthread.STOP_KEEPALIVE_LINGER = 0.0
    return SupervisedThreads


def supervised_gevent(context):
    try:
        from appserver_worker import wsgi_gevent
    except ImportError as error:
        # gunicorn's worker for gevent needs more than gunicorn does.
        context.supervisor.give_up("GEVENT_MISSING", "gunicorn's worker for gevent: %s" % error)

    return wsgi_gevent.supervised_gevent(context)


def make_log(cfg, trusted):
    """gunicorn's log, with the access log of the worker that has `context`.

    As with gunicorn it is there before the application is imported, and made once: what the application sets up then
    must not be overwritten. `trusted`: proxies that tell the client's address, None for none.
    """
    from gunicorn.glogging import Logger

    class WorkerLog(Logger):
        context = None

        def access(self, resp, req, environ, request_time):
            status = int(str(resp.status).split()[0])
            req.appserver_status = status
            format = self.context.row.access_log()
            if format == OFF:
                return
            remote = environ.get("REMOTE_ADDR", "")
            if trusted is not None:
                remote = trusted.client(remote, environ.get("HTTP_X_FORWARDED_FOR"))
            self.context.access_log.write(
                format,
                req.method,
                req.path,
                req.query if self.context.row.access_log_query() else None,
                status,
                resp.sent if hasattr(resp, "sent") else -1,
                request_time.total_seconds(),
                remote,
                lambda name: environ.get("HTTP_" + name.upper().replace("-", "_")),
            )

    return WorkerLog(cfg)


def with_request_id(application, row):
    """Gives requests that come without an id one, as long as they are logged with it."""

    def identified(environ, start_response):
        if row.access_log() and "HTTP_X_REQUEST_ID" not in environ:
            environ["HTTP_X_REQUEST_ID"] = request_id()
        return application(environ, start_response)

    return identified


CLASSES = {"sync": supervised_sync, "gthread": supervised_gthread, "gevent": supervised_gevent}


def configure(settings):
    """gunicorn's idea of an application, which all workers share: making it takes milliseconds and memory."""
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):
        def load_config(self):
            values = {
                "worker_class": settings["class"],
                # Whether there are others decides `wsgi.multiprocess`; how many there are may change at any time.
                "workers": 2,
                "threads": settings["threads"],
                "backlog": settings["backlog"],
                "keepalive": max(0, int(settings["keepAliveSeconds"])),
                "graceful_timeout": int(settings["gracefulSeconds"]),
                "errorlog": "-",
            }
            if settings["maxHeaderBytes"] is not None:
                # Of each field. A request line may not have more with gunicorn.
                values["limit_request_field_size"] = settings["maxHeaderBytes"]
                values["limit_request_line"] = min(settings["maxHeaderBytes"], LONGEST_REQUEST_LINE)
            if settings["trustedProxies"]:
                values["forwarded_allow_ips"] = ",".join(settings["trustedProxies"])
            for key, value in values.items():
                self.cfg.set(key, value)

        def load(self):
            """Set by run()."""

    application = Application()
    cfg = application.cfg
    trusted = Trusted(cfg.forwarded_allow_ips)
    if not hasattr(cfg, "forwarded_allow_networks"):
        # Older releases compare texts.
        cfg.settings["forwarded_allow_ips"].value = trusted
    told = settings["trustedProxies"] or "FORWARDED_ALLOW_IPS" in os.environ
    application.log = make_log(cfg, trusted if told else None)
    return application


def run(gunicorn_application, application, settings, supervisor):
    """Serves until told to end. `application` is None when it is not preloaded."""
    from gunicorn import sock
    from gunicorn.http import wsgi as http
    from gunicorn.workers import base as worker_base

    if settings["class"] == "gevent":
        # Before the application and the hooks are imported, or they would hold what is not patched.
        versions.import_gevent(supervisor).patch_all()
    context = Context(settings, supervisor)
    row = context.row
    heartbeat = Heartbeat(supervisor, row)
    worker_base.WorkerTmp = lambda cfg: heartbeat
    http.Response = one_write_response(timed_response(http.Response))
    http.create = timed_create(http.create)
    functions = hooks.Hooks(supervisor, settings["hooks"])

    gunicorn_application.load = lambda: with_request_id(application or loading.load(supervisor, settings["app"]), row)
    cfg = gunicorn_application.cfg
    for name in HOOKS:
        if functions.get(name) is not None:
            try:
                cfg.set(name, functions.get(name))
            except TypeError as error:
                functions.give_up(name, error)
    log = gunicorn_application.log
    log.context = context
    listeners = sock.create_sockets(cfg, log, fds=settings["listenFds"])
    worker_class = CLASSES[settings["class"]](context)
    # gunicorn's sync worker sleeps in select() for up to this long, and beats only when it wakes.
    worker = worker_class(settings["id"], os.getppid(), listeners, gunicorn_application, 1.0, cfg, log)
    worker.pid = os.getpid()
    heartbeat.on_beat = worker.on_beat
    ready = cfg.post_worker_init

    def post_worker_init(worker):
        ready(worker)
        supervisor.say("READY=1")

    cfg.set("post_worker_init", post_worker_init)
    server = hooks.make_server(worker)
    cfg.post_fork(server, worker)
    try:
        worker.init_process()
    finally:
        cfg.worker_exit(server, worker)
