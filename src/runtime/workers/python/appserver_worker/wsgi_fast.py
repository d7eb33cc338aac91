"""The class fast: Granian's HTTP server, written in Rust, on the sockets that the worker inherits.

Its supervisor is left out, and with it the only door that Granian keeps open to others: what is taken from it here is
internal to it, so that versions.py names the releases that this was tested with.
"""

import asyncio
import os
import queue
import select
import signal
import socket
import sys
import time
import traceback
from types import SimpleNamespace

from appserver_worker import loading
from appserver_worker.access_log import OFF, AccessLog, request_id
from appserver_worker.shared_memory import Row, ThreadedRow
from appserver_worker.wsgi import LINGER_SECONDS
from appserver_worker.wsgi_answer import Answer, Chunks

CLOSE = ("connection", "close")
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
    import granian._futures  # noqa: F401
    import granian._granian  # noqa: F401
    import granian.http  # noqa: F401
    import granian.utils.proxies  # noqa: F401


def responder(application, row, access_log, threads):
    """What Granian calls for each request, with its half of the exchange and most of the environ."""
    basic = {
        "SCRIPT_NAME": os.environ.get("SCRIPT_NAME", ""),
        "SERVER_SOFTWARE": "granian",
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multithread": threads > 1,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }

    def respond(exchange, environ):
        environ.update(basic)
        logged = row.access_log()
        if logged != OFF and "HTTP_X_REQUEST_ID" not in environ:
            environ["HTTP_X_REQUEST_ID"] = request_id()
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        begun = row.begin(method, path)
        answer = Answer()
        size = 0
        try:
            size = give(exchange, answer, application(environ, answer.start))
        except Exception:
            traceback.print_exc()
            answer.status = 500
            if not answer.sent:
                exchange.response_bytes(500, [("content-type", "text/plain"), CLOSE], b"Internal Server Error\n")
        finally:
            seconds = row.end(begun, answer.status)
            if logged != OFF:
                log(logged, environ, answer.status, size, seconds)

    def give(exchange, answer, body):
        """Returns the size of the body."""
        if isinstance(body, (list, tuple)) and answer.status:
            whole = b"".join((*answer.written, *body))
            if hasattr(body, "close"):
                body.close()
            answer.sent = True
            exchange.response_bytes(answer.status, closing(answer.headers), whole)
            return len(whole)
        try:
            chunks = Chunks(answer, body)
        except BaseException:
            if hasattr(body, "close"):
                body.close()
            raise
        # Returns when the last chunk is on its way, or the client gone.
        exchange.response_iter(answer.status, closing(answer.headers), chunks)
        return chunks.size

    def closing(headers):
        if row.draining() or row.retiring():
            headers.append(CLOSE)
        return headers

    def log(format, environ, status, size, seconds):
        access_log.write(
            format,
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            status,
            size,
            seconds,
            environ.get("REMOTE_ADDR", ""),
            lambda name: environ.get("HTTP_" + name.upper().replace("-", "_")),
        )

    return respond


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
        from granian._futures import _new_cbscheduler
        from granian._granian import SocketHolder, WorkerSignal, WSGIWorker
        from granian.http import HTTP1Settings

        self._fd = fd
        # Another descriptor of the same socket: Granian closes the one that it is given.
        self.socket = socket.fromfd(fd, socket.AF_INET, socket.SOCK_STREAM)
        unix = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_DOMAIN) == socket.AF_UNIX
        keep_alive = settings["keepAliveSeconds"]
        worker = WSGIWorker(
            settings["id"],
            (None, SocketHolder(fd, unix, settings["backlog"])),
            None,
            threads=1,
            # For files that Granian serves itself: here it serves none.
            blocking_threads=1,
            py_threads=settings["threads"],
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
        loop = asyncio.new_event_loop()
        serve(_new_cbscheduler(loop, respond, impl_asyncio=False), loop, self._signal)

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
    hooks = loading.load_hooks(supervisor, settings["hooks"])
    server = SimpleNamespace(pid=os.getppid())
    worker = SimpleNamespace(pid=os.getpid(), age=settings["id"], ppid=os.getppid())

    def call(name, *args):
        if hasattr(hooks, name):
            getattr(hooks, name)(*args)

    # Signals and Granian's threads speak to the main thread, which may be anywhere when they do.
    words = queue.SimpleQueue()
    signal.signal(signal.SIGTERM, lambda *_: words.put("retire"))
    call("post_fork", server, worker)
    application = application or loading.load(supervisor, settings["app"])
    application = behind_proxies(application, settings["trustedProxies"] or os.environ.get("FORWARDED_ALLOW_IPS"))
    respond = responder(application, row, access_log, threads)
    try:
        listeners = [Listener(fd, settings, respond, lambda: words.put("ended")) for fd in settings["listenFds"]]
        call("post_worker_init", worker)
        supervisor.say("READY=1")
        oversee(listeners, row, supervisor, words, min(LINGER_SECONDS, settings["gracefulSeconds"] / 2))
    finally:
        call("worker_exit", server, worker)


def oversee(listeners, row, supervisor, words, linger):
    """Beats until told to retire, and on until the last answer has been given. `linger` is in seconds."""
    serving = len(listeners)
    accepting = True
    close_at = float("inf")
    while serving:
        now = time.monotonic()
        supervisor.say("WATCHDOG=1")
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
