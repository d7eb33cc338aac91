"""The class fast: Granian's HTTP server, written in Rust, on the sockets that the worker inherits.

Its side for ASGI is what WSGI applications are called from: see wsgi_environ.py.
Its supervisor is left out, and with it the only door that Granian keeps open to others: what is taken from it here is
internal to it, so that versions.py names the releases that this was tested with.
"""

import os
import queue
import select
import signal
import socket
import time
import traceback
from _thread import allocate_lock
from collections import deque

from appserver_worker import hooks, loading
from appserver_worker.access_log import OFF, AccessLog, request_id
from appserver_worker.request_clock import Clock, SyncClock
from appserver_worker.shared_memory import Row, ThreadedRow
from appserver_worker.wsgi import LINGER_SECONDS
from appserver_worker.wsgi_answer import Answer, Chunks
from appserver_worker.wsgi_environ import Refused, body_length, environ_maker
from appserver_worker.wsgi_input import DirectLoop, Gone, Input, wait, when_done

CLOSE = (b"connection", b"close")
# Requests that mostly have no body.
BODILESS = frozenset(("GET", "HEAD", "OPTIONS"))
# Connections that one worker has at a time: above that, others take them, or they wait in the kernel.
MOST_CONNECTIONS = 1024
# How long a request's head may take where connections are not kept.
HEAD_SECONDS = 30
# Granian does not take less for the header of a request.
SMALLEST_BUFFER = 8192
# How often it is looked whether clients still wait in the kernel's queue.
LOOK_SECONDS = 0.01
# How long a client that was accepted last has, when the pod ends, to send its request: a little longer than its way here.
SETTLE_SECONDS = 0.2


def import_server():
    import granian._granian  # noqa: F401
    import granian.http  # noqa: F401
    import granian.utils.proxies  # noqa: F401


class Responder:
    """Answers requests, at most `threads` at a time."""

    def __init__(self, application, row, access_log, threads):
        self._application = application
        self._row = row
        self._access_log = access_log
        self._make_environ = environ_maker(threads)
        self._clock = SyncClock if threads == 1 else Clock
        self._lock = allocate_lock()
        self._free = threads
        self._waiting = deque()
        self._answered = None

    def __call__(self, watcher):
        """Granian calls this in a thread of its pool, which has one more than may answer: see wait()."""
        # Granian expects nothing to be raised.
        try:
            exchange, scope = watcher.proto, watcher.scope
            if scope["method"] in BODILESS:
                self._ready((exchange, scope, None))
            else:
                # What there is of the body first, so that no thread waits for what is on its way.
                when_done(exchange.receive(), lambda first: self._ready((exchange, scope, first)))
        except BaseException:
            traceback.print_exc()

    def _ready(self, request):
        with self._lock:
            if not self._free:
                self._waiting.append(request)
                return
            self._free -= 1
        while True:
            try:
                self._respond(*request)
            except BaseException:
                traceback.print_exc()
            with self._lock:
                if not self._waiting:
                    self._free += 1
                    return
                request = self._waiting.popleft()

    def _nudge(self):
        # Nobody waits for this any more: whether there is something to receive or not, it takes a task of the pool.
        if self._answered is not None:
            future = self._answered.receive()
            if hasattr(future, "cancel"):
                future.cancel()

    def _respond(self, exchange, scope, first):
        row = self._row
        logged = row.access_log()
        begun = row.begin(scope["method"], scope["path"])
        clock = self._clock(row, begun)
        answer = Answer()
        environ = {}
        size = 0
        try:
            environ = self._make_environ(scope)
            if logged != OFF and "HTTP_X_REQUEST_ID" not in environ:
                environ["HTTP_X_REQUEST_ID"] = request_id()
            body = environ["wsgi.input"] = Input(exchange.receive, self._nudge, clock, body_length(environ), first)
            size = self._give(exchange, answer, self._application(environ, answer.start), body, clock)
        except Exception as error:
            size = self._fail(exchange, answer, error)
        finally:
            self._answered = exchange
            seconds = row.end(begun, answer.status)
            if logged != OFF:
                self._log(logged, scope, environ, answer.status, size, seconds)

    def _give(self, exchange, answer, chunks, body, clock):
        """Returns the size of the body."""
        if isinstance(chunks, (list, tuple)) and answer.status:
            try:
                whole = answer.cut(b"".join((*answer.written, *chunks)))
            finally:
                if hasattr(chunks, "close"):
                    chunks.close()
            self._send(exchange, answer, whole)
            return len(whole)
        try:
            chunks = Chunks(answer, chunks)
        except BaseException:
            if hasattr(chunks, "close"):
                chunks.close()
            raise
        try:
            return self._stream(exchange, answer, chunks, body, clock)
        finally:
            chunks.close()

    def _stream(self, exchange, answer, chunks, body, clock):
        gone = Gone(exchange.receive, body)
        size = 0
        try:
            for chunk in chunks:
                chunk = answer.cut(chunk)
                if not chunk:
                    continue
                size += len(chunk)
                if not answer.sent:
                    clock.answer_begins()
                    self._start(exchange, answer)
                clock.restart()
                wait(exchange.send({"type": "http.response.body", "body": chunk, "more_body": True}), self._nudge)
                clock.restart()
                if gone.look():
                    break
        finally:
            if answer.sent:
                exchange.send({"type": "http.response.body", "body": b""})
        if not answer.sent:
            self._send(exchange, answer, b"")
        return size

    def _send(self, exchange, answer, whole):
        self._start(exchange, answer)
        exchange.send({"type": "http.response.body", "body": whole})

    def _start(self, exchange, answer):
        if self._row.draining() or self._row.retiring():
            answer.headers.append(CLOSE)
        exchange.send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        answer.sent = True

    def _fail(self, exchange, answer, error):
        status = error.status if isinstance(error, Refused) else 500
        if status == 500:
            traceback.print_exc()
        answer.status = status
        if answer.sent:
            return 0
        text = b"Internal Server Error\n" if status == 500 else b"%s\n" % str(error).encode("latin-1", "replace")
        answer.headers = [(b"content-type", b"text/plain"), CLOSE]
        self._send(exchange, answer, text)
        return len(text)

    def _log(self, format, scope, environ, status, size, seconds):
        self._access_log.write(
            format,
            scope["method"],
            scope["path"],
            environ.get("QUERY_STRING", "") if self._row.access_log_query() else None,
            status,
            size,
            seconds,
            environ.get("REMOTE_ADDR", scope["client"][0]),
            lambda name: environ.get("HTTP_" + name.upper().replace("-", "_")),
        )


def behind_proxies(application, trusted):
    if not trusted:
        return application
    from granian.utils.proxies import wrap_wsgi_with_proxy_headers

    return wrap_wsgi_with_proxy_headers(application, trusted)


def header_limit(settings):
    size = settings["maxHeaderBytes"]
    return {} if size is None else {"max_buffer_size": max(size, SMALLEST_BUFFER)}


class Listener:
    """Granian's server on one socket."""

    def __init__(self, fd, settings, respond, ended):
        from granian._granian import ASGIWorker, CallbackScheduler, SocketHolder, WorkerSignal
        from granian.http import HTTP1Settings

        self._fd = fd
        # Another descriptor of the same socket: Granian closes the one that it is given.
        self.socket = socket.fromfd(fd, socket.AF_INET, socket.SOCK_STREAM)
        unix = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_DOMAIN) == socket.AF_UNIX
        keep_alive = settings["keepAliveSeconds"]
        worker = ASGIWorker(
            settings["id"],
            (None, SocketHolder(fd, unix, settings["backlog"])),
            None,
            threads=1,
            # For files that Granian serves itself: here it serves none.
            blocking_threads=1,
            # One is always free to bring what the others wait for.
            py_threads=settings["threads"] + 1,
            backpressure=MOST_CONNECTIONS,
            # The time for a request's head begins with the end of the one before it.
            http1_opts=HTTP1Settings(
                keep_alive=keep_alive > 0,
                header_read_timeout=int((keep_alive or HEAD_SECONDS) * 1000),
                **header_limit(settings),
            ),
        )
        self._signal = WorkerSignal()
        self._signal.add_cb(ended)
        serve = worker.serve_str_uds if unix else worker.serve_str
        loop = DirectLoop()
        scheduler = CallbackScheduler(loop, respond, None, None, None)
        scheduler._schedule_fn = respond
        serve(scheduler, loop, self._signal)

    def stop_accepting(self):
        """Leaves the socket to others. Granian itself stops only together with the connections that it has."""
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(1)
            deaf.setblocking(False)
            # Where nobody connects, there is nobody to accept.
            os.dup2(deaf.fileno(), self._fd, inheritable=False)

    def close(self):
        """Closes connections that are idle, others after their answer; then `ended` is called."""
        self._signal.set()


def run(application, settings, supervisor):
    """Serves until told to end. `application` is None when it is not preloaded."""
    threads = settings["threads"]
    make = ThreadedRow if threads > 1 or settings["listeners"] > 1 else Row
    row = make(settings["memoryFd"], settings["slot"], settings["latencyBounds"])
    access_log = AccessLog(settings["logFd"], settings["id"])
    functions = hooks.Hooks(supervisor, settings["hooks"])
    worker = hooks.make_worker(settings)
    server = hooks.make_server(worker)
    # Signals and Granian's threads speak to the main thread, which may be anywhere when they do.
    words = queue.SimpleQueue()
    signal.signal(signal.SIGTERM, lambda *_: words.put("retire"))
    functions.call("post_fork", server, worker)
    application = application or loading.load(supervisor, settings["app"])
    worker.app.callable = application
    application = behind_proxies(application, settings["trustedProxies"] or os.environ.get("FORWARDED_ALLOW_IPS"))
    respond = Responder(application, row, access_log, threads)
    try:
        listeners = [Listener(fd, settings, respond, lambda: words.put("ended")) for fd in settings["listenFds"]]
        functions.call("post_worker_init", worker)
        worker.booted = True
        supervisor.say("READY=1")
        oversee(listeners, row, supervisor, words, min(LINGER_SECONDS, settings["gracefulSeconds"] / 2))
    finally:
        functions.call("worker_exit", server, worker)


def oversee(listeners, row, supervisor, words, linger):
    """Beats until told to retire, and on until the last answer has been given. `linger` is in seconds."""
    serving = len(listeners)
    accepting = True
    close_at = float("inf")
    while serving:
        now = time.monotonic()
        supervisor.say("WATCHDOG=1")
        row.note_gil()
        if accepting:
            for listener in listeners:
                # A flag of the shared socket, not of this process: any worker may have changed it for all.
                listener.socket.setblocking(False)
        try:
            word = words.get(timeout=max(0.0, min(row.beat_seconds(), close_at - now)))
        except queue.Empty:
            word = None
        if word == "ended":
            serving -= 1
        elif word == "retire" and accepting:
            accepting = False
            if row.draining():
                empty(listeners)
            for listener in listeners:
                listener.stop_accepting()
            close_at = time.monotonic() + (SETTLE_SECONDS if row.draining() else linger)
        if time.monotonic() >= close_at:
            close_at = float("inf")
            for listener in listeners:
                listener.close()


def empty(listeners):
    """Waits until all that is queued has been accepted: when the pod ends, nobody else would take it."""
    while select.select([listener.socket for listener in listeners], [], [], 0)[0]:
        time.sleep(LOOK_SECONDS)
