"""One ASGI worker: uvicorn's own Server, under our supervisor."""

import asyncio
import os
import select
import signal
import socket
import time
import traceback

from appserver_worker import hooks, loading, uvicorn_options
from appserver_worker.accepting import AcceptingServer, counted_protocol
from appserver_worker.access_log import AccessLog, request_id
from appserver_worker.balance import Balance
from appserver_worker.one_write import one_write_protocol
from appserver_worker.shared_memory import Row
from appserver_worker.trusted import Trusted
from appserver_worker.wsgi import LINGER_SECONDS

CLOSE = (b"connection", b"close")
# So long before the supervisor's own deadline what is left is closed, so that it gets a proper close.
CLOSING_SECONDS = 1.5


def import_server():
    import uvicorn  # noqa: F401
    import uvicorn.lifespan.on  # noqa: F401
    import uvicorn.server  # noqa: F401

    for module in ("uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto", "uvicorn.loops.auto"):
        try:
            __import__(module)
        except ImportError:
            pass


class Supervised:
    """The application with its requests counted, logged and held to their deadline."""

    def __init__(self, application, row, access_log, supervisor):
        self._application = application
        self._row = row
        self._access_log = access_log
        self._supervisor = supervisor
        self._waiting = {}

    def __call__(self, scope, receive, send):
        # Not a coroutine of its own: there is one for each request, and its time counts.
        if scope["type"] == "http":
            return self._http(scope, receive, send)
        if scope["type"] == "websocket":
            return self._websocket(scope, receive, send)
        return self._application(scope, receive, send)

    async def _http(self, scope, receive, send):
        row = self._row
        logged = row.access_log()
        if logged:
            identify(scope)
        begun = row.begin(scope["method"], scope["path"])
        waiting = self._waiting
        key = id(scope)
        waiting[key] = begun, scope
        status = size = 0
        complete = False

        def counted(message):
            nonlocal status, size
            if not status:
                status = message.get("status", 0)
                if status:
                    waiting.pop(key, None)
            elif logged:
                size += len(message.get("body", b""))
            return send(message)

        def timed():
            return receive() if complete else body()

        async def body():
            """What the client takes to send it is not the application's time."""
            nonlocal complete
            row.pause(begun)
            try:
                message = await receive()
                complete = not message.get("more_body", False)
                return message
            finally:
                row.resume(begun)

        try:
            await self._application(scope, timed, counted)
        except asyncio.CancelledError:
            if status or key in waiting:
                raise
            # By end_overdue().
            uncancel()
            waiting[key] = begun, scope
            await answer_timeout(counted)
        except BaseException:
            # uvicorn answers 500 itself when nothing has been sent.
            status = status or 500
            raise
        finally:
            waiting.pop(key, None)
            seconds = row.end(begun, status)
            if logged:
                self._log(logged, scope, scope["method"], status, size, seconds)

    async def _websocket(self, scope, receive, send):
        row = self._row
        logged = row.access_log()
        begun = row.begin("WEBSOCKET", scope["path"])
        status = 101
        try:
            return await self._application(scope, receive, send)
        except BaseException:
            status = 500
            raise
        finally:
            seconds = row.end(begun, status)
            if logged:
                self._log(logged, scope, "WEBSOCKET", status, -1, seconds)

    def _log(self, format, scope, method, status, size, seconds):
        headers = dict(scope["headers"])
        client = scope.get("client")
        self._access_log.write(
            format,
            method,
            scope["path"],
            scope["query_string"].decode("latin-1") if self._row.access_log_query() else None,
            status,
            size,
            seconds,
            client[0] if client else "",
            lambda name: headers[name.encode()].decode("latin-1") if name.encode() in headers else None,
        )

    def end_overdue(self):
        """Ends requests whose answer has not begun in time, and no others."""
        limit = self._row.request_timeout()
        if limit == 0:
            return
        for key, (begun, scope) in list(self._waiting.items()):
            seconds = self._row.used(begun)
            if seconds < limit:
                continue
            self._supervisor.request_timed_out(scope["method"], scope["path"], seconds)
            for task in asyncio.all_tasks():
                frames = await_stack(task)
                if any(frame.f_code is REQUEST_CODE and frame.f_locals["scope"] is scope for frame in frames):
                    del self._waiting[key]
                    traceback.print_list(traceback.StackSummary.extract((one, one.f_lineno) for one in frames))
                    task.cancel()


REQUEST_CODE = Supervised._http.__code__


def await_stack(task):
    """Frames of what a task waits for, the outermost first. Task.get_stack() has the first of them alone."""
    frames = []
    coroutine = task.get_coro()
    while getattr(coroutine, "cr_frame", None) is not None:
        frames.append(coroutine.cr_frame)
        coroutine = coroutine.cr_await
    return frames


def uncancel():
    task = asyncio.current_task()
    # Python before 3.11 does not count.
    if hasattr(task, "uncancel"):
        task.uncancel()


async def answer_timeout(send):
    body = b"the application did not answer in time\n"
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode()), CLOSE]
    await send({"type": "http.response.start", "status": 504, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def identify(scope):
    if not any(name == b"x-request-id" for name, _ in scope["headers"]):
        scope["headers"] = [*scope["headers"], (b"x-request-id", request_id().encode())]


def configure(settings, supervisor):
    """uvicorn's configuration, which all workers share. The application comes into it later, as with uvicorn.

    Making it sets up logging: what the application sets up when it is imported must not be overwritten by that.
    """
    import uvicorn

    class Config(uvicorn.Config):
        def load(self):
            """Called by uvicorn in its event loop."""
            self.app = self.find_application()
            super().load()
            if self.proxy_headers and isinstance(self.loaded_app.trusted_hosts, set):
                # Older releases compare texts.
                self.loaded_app.trusted_hosts = Trusted(list(self.loaded_app.trusted_hosts))
            self.supervise()

    values = {
        **uvicorn_options.from_environment(supervisor),
        "app": None,
        # Written by the worker itself.
        "access_log": False,
        "backlog": settings["backlog"],
        "timeout_keep_alive": int(settings["keepAliveSeconds"]),
        # What is left then has had its time: tasks are cancelled, so that the application can close what it has open.
        "timeout_graceful_shutdown": 1,
    }
    trusted = settings["trustedProxies"] or os.environ.get("FORWARDED_ALLOW_IPS")
    if trusted:
        values["forwarded_allow_ips"] = trusted
    else:
        # uvicorn would look at each request's address and headers for proxies in the container itself.
        values["proxy_headers"] = False
    if settings["rootPath"] is not None:
        values["root_path"] = settings["rootPath"]
    if settings["maxHeaderBytes"] is not None:
        # httptools has no limit.
        values["h11_max_incomplete_event_size"] = settings["maxHeaderBytes"]
    return Config(**values)


def server_class(settings, supervisor, row, balance, announce_ready):
    """uvicorn's Server, which retires in its own time. `announce_ready` is called when it begins to accept."""
    import uvicorn

    class Server(uvicorn.Server):
        retire_at = None
        last_beat = 0.0
        ready = False
        accepting = True

        async def startup(self, sockets=None):
            await super().startup(sockets=[])
            if self.started and not self.should_exit:
                balance.begin()
                self.sockets = sockets
                self.servers = [AcceptingServer(one, self.make_protocol, balance, row) for one in sockets]
                announce_ready()
                self.ready = True
                supervisor.say("READY=1")

        def make_protocol(self):
            config = self.config
            return config.http_protocol_class(
                config=config, server_state=self.server_state, app_state=self.lifespan.state
            )

        def handle_exit(self, sig, frame):
            # Libraries that end their streams when the server does (sse-starlette) learn of it by this method of
            # uvicorn's, or by what it sets. The end itself is for on_tick(), the event loop's own time.
            super().handle_exit(sig, frame)
            if sig == signal.SIGTERM:
                # Or uvicorn would send it again to this process when all is done.
                self._captured_signals.clear()
                if self.retire_at is None:
                    self.retire_at = time.monotonic()

        async def on_tick(self, counter):
            now = time.monotonic()
            if now - self.last_beat >= row.beat_seconds():
                self.last_beat = now
                supervisor.say("WATCHDOG=1")
                row.note_gil()
            self.config.supervised.end_overdue()
            encoded = self.config.encoded_headers
            if (row.draining() or row.retiring()) and CLOSE not in encoded:
                encoded.append(CLOSE)
                self.server_state.default_headers = [*self.server_state.default_headers, CLOSE]
            ends = await super().on_tick(counter)
            if self.retire_at is None:
                return ends
            # INT after TERM ends it at once.
            return self.force_exit or await self.retired(now)

        async def retired(self, now):
            """Takes a step towards the end; whether it is reached."""
            if self.accepting:
                # Nobody else would take what is queued when the pod ends.
                while row.draining() and select.select(self.sockets, [], [], 0)[0]:
                    await asyncio.sleep(0.01)
                for server in self.servers:
                    server.close()
                balance.end()
                self.accepting = False
            connections = self.server_state.connections
            linger = 0.0 if row.draining() else LINGER_SECONDS
            if now - self.retire_at >= linger:
                for connection in list(connections):
                    # Idle ones close now, busy ones after their answer. A WebSocket would be closed at once, and it
                    # may have its time until the deadline.
                    if isinstance(connection, self.config.http_protocol_class):
                        connection.shutdown()
            graceful = settings["gracefulSeconds"]
            deadline = graceful - min(CLOSING_SECONDS, graceful / 2)
            return not connections or now - self.retire_at >= deadline

    return Server


def run(config, application, settings, supervisor):
    """Serves until told to end. `application` is None when it is not preloaded."""
    row = Row(settings["memoryFd"], settings["slot"], settings["latencyBounds"])
    log = AccessLog(settings["logFd"], settings["id"])
    functions = hooks.Hooks(supervisor, settings["hooks"])
    worker = hooks.make_worker(settings)
    arbiter = hooks.make_server(worker)

    def announce_ready():
        worker.app.callable = config.loaded_app
        functions.call("post_worker_init", worker)
        worker.booted = True

    def supervise():
        config.supervised = config.loaded_app = Supervised(config.loaded_app, row, log, supervisor)
        config.http_protocol_class = counted_protocol(one_write_protocol(config.http_protocol_class), row)
        if config.ws_protocol_class is not None:
            config.ws_protocol_class = counted_protocol(config.ws_protocol_class, row)

    config.find_application = lambda: application or loading.load(supervisor, settings["app"])
    config.supervise = supervise
    sockets = [socket.socket(fileno=fd) for fd in settings["listenFds"]]
    for one in sockets:
        one.setblocking(False)
    Server = server_class(settings, supervisor, row, Balance(row), announce_ready)
    server = Server(config)
    functions.call("post_fork", arbiter, worker)
    if application is None and hasattr(config, "load_app"):
        # This uvicorn imports the application before it starts its event loop, older ones do so within.
        loading.import_module(supervisor, settings["app"])
    try:
        server.run(sockets=sockets)
    except SystemExit:
        if server.ready or not startup_failed(server):
            raise
    finally:
        functions.call("worker_exit", arbiter, worker)
    if not server.ready and startup_failed(server):
        supervisor.give_up("APP_STARTUP_FAILED", "the lifespan of %s did not start" % settings["app"])


def startup_failed(server):
    """Whether the application said so."""
    lifespan = getattr(server, "lifespan", None)
    return lifespan is not None and lifespan.should_exit
