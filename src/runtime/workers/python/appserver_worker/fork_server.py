"""Forks the workers of a Python application.

It has imported the interpreter and the server library once, and with preload the application too: a new worker is a
fork() and shares its memory with the others. Requests come from stubs (appserver-init fork) over one socket; each
brings the descriptors that the worker gets as its stdin, stdout, stderr and notification pipe, and a socket on which the
stub waits for the worker's end. A stub that dies takes its worker with it. A fork server that dies does not: its workers
go on until they are told otherwise, and the runtime starts another one.

Run with one argument, a JSON object of settings.
"""

import faulthandler
import functools
import gc
import json
import os
import resource
import signal
import socket
import sys
import threading

# gevent replaces these when the application is preloaded for it, but the server itself is no greenlet.
from os import fork, waitpid
from select import POLLHUP, POLLIN, poll
from signal import signal as handle
from socket import socket as Socket

from appserver_worker import loading, main_module, trusted, versions
from appserver_worker.supervisor import Supervisor

FIRST_FD = 3


class Child:
    def __init__(self, pid, answer):
        self.pid = pid
        self.answer = answer

    def forget(self):
        if self.answer is not None:
            self.answer.close()
            self.answer = None

    def report(self, status):
        if self.answer is None:
            return
        if os.WIFSIGNALED(status):
            text = "signal %d" % os.WTERMSIG(status)
        else:
            text = "exit %d" % os.WEXITSTATUS(status)
        try:
            self.answer.sendall(text.encode())
        except OSError:
            pass  # The stub is gone, and so is whoever waited for it.
        self.forget()


class Forked(Exception):
    """Raised in the child, to leave the server's loop and its stack behind."""

    def __init__(self, request, notify_fd):
        super().__init__("forked")
        self.request = request
        self.notify_fd = notify_fd


class ForkServer:
    def __init__(self, control, supervisor):
        self._control = control
        self._supervisor = supervisor
        self._children = {}
        self._wake_read, self._wake_write = os.pipe()
        for fd in (self._wake_read, self._wake_write):
            os.set_blocking(fd, False)
        self._accepting = True

    def run(self):
        """Returns when it was told to end and its last child has ended. Raises Forked in each child."""
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        handle(signal.SIGCHLD, lambda *_: None)
        handle(signal.SIGTERM, self._retire)
        # What a terminal sends is the supervisor's to handle.
        handle(signal.SIGINT, signal.SIG_IGN)
        watch = poll()
        watch.register(self._wake_read, POLLIN)
        watch.register(self._control, POLLIN)
        while self._accepting or self._children:
            if not self._accepting and self._control is not None:
                watch.unregister(self._control)
                self._control.close()
                self._control = None
                # Only now may another fork server read from the socket.
                self._supervisor.say("STOPPING=1")
                continue
            stubs = {child.answer.fileno(): child for child in self._children.values() if child.answer is not None}
            for fd in stubs:
                watch.register(fd, POLLHUP)
            events = watch.poll()
            for fd in stubs:
                watch.unregister(fd)
            for fd, _ in events:
                if fd == self._wake_read:
                    os.read(self._wake_read, 4096)
                elif fd in stubs:
                    self._terminate(stubs[fd])
                elif self._control is not None:
                    self._take_request()
            self._reap()

    def _retire(self, *_):
        self._accepting = False

    def _take_request(self):
        message, fds, _, _ = socket.recv_fds(self._control, 65536, 8)
        if not message or len(fds) != 5:
            for fd in fds:
                os.close(fd)
            if not message:
                # All who could ask are gone, the supervisor among them.
                self._accepting = False
            return
        answer = Socket(fileno=fds[0])
        look = poll()
        look.register(answer, POLLHUP)
        if look.poll(0):
            # A stub that has been ended in the meantime.
            for fd in fds[1:]:
                os.close(fd)
            answer.close()
            return
        try:
            pid = fork()
        except OSError as error:
            refuse(answer, fds, error)
            return
        if pid == 0:
            self._become_child(json.loads(message), answer, fds)
        for fd in fds[1:]:
            os.close(fd)
        self._children[pid] = Child(pid, answer)

    def _become_child(self, request, answer, fds):
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            handle(number, signal.SIG_DFL)
        os.setsid()
        for number in range(3):
            os.dup2(fds[1 + number], number)
            os.close(fds[1 + number])
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._control.close()
        os.close(self._supervisor.fd)
        for child in self._children.values():
            child.forget()
        # Stays open, out of reach of the application: the stub sees that this process lives.
        answer.set_inheritable(False)
        answer.detach()
        raise Forked(request, fds[4])

    def _terminate(self, child):
        """Its stub is gone: somebody gave the worker up before its process id was known."""
        child.forget()
        os.kill(child.pid, signal.SIGTERM)

    def _reap(self):
        # By their own ids: an application that is preloaded may have children of its own.
        for pid in list(self._children):
            try:
                ended, status = waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended, status = pid, 0
            if ended:
                self._children.pop(pid).report(status)
                mark_dead(pid)


def refuse(answer, fds, error):
    """Tells the supervisor that no process came to be, and the stub that it may end."""
    try:
        os.write(fds[4], b"X_APPSERVER_ERROR=SPAWN_FAILED fork: %s\n" % error.strerror.encode())
        answer.sendall(b"exit 3")
    except OSError:
        pass  # The stub has been ended in the meantime.
    for fd in fds[1:]:
        os.close(fd)
    answer.close()


def mark_dead(pid):
    """As prometheus_client's multiprocess mode asks for: the gauges of a dead process no longer count."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ and "prometheus_client" in sys.modules:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(pid)


def collect_metrics():
    """Writes what the application's workers have counted with prometheus_client to stdout."""
    from prometheus_client import CollectorRegistry, multiprocess
    from prometheus_client.openmetrics.exposition import generate_latest

    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    sys.stdout.buffer.write(generate_latest(registry))
    sys.stdout.flush()


def prepare(settings, supervisor):
    """Makes what all workers share. Returns what serves in one of them, a function of its settings and supervisor."""
    versions.check_python(supervisor)
    if settings["kind"] == "asgi":
        versions.import_uvicorn(supervisor)
        from appserver_worker import asgi

        asgi.import_server()
        server = "uvicorn"
        run = functools.partial(asgi.run, asgi.configure(settings, supervisor))
    elif settings["class"] == "fast":
        versions.import_granian(supervisor)
        from appserver_worker import wsgi_fast

        wsgi_fast.import_server()
        server = "granian"
        run = wsgi_fast.run
    else:
        versions.import_gunicorn(supervisor)
        if settings["class"] == "gevent":
            monkey = versions.import_gevent(supervisor)
            if settings["preload"]:
                # Before the application is imported, or it would hold what is not patched.
                monkey.patch_all()
        from appserver_worker import wsgi

        wsgi.import_server()
        server = "gunicorn"
        run = functools.partial(wsgi.run, wsgi.configure(settings))
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        try:
            import prometheus_client  # noqa: F401
        except ImportError:
            pass
    main_module.stand_for(server)
    loading.look_in(settings["pythonPath"])
    application = preload(settings, supervisor) if settings["preload"] else None
    return functools.partial(run, application)


def preload(settings, supervisor):
    application = loading.load(supervisor, settings["app"])
    threads = threading.active_count()
    if threads > 1 and settings["class"] != "gevent":
        names = ", ".join(thread.name for thread in threading.enumerate() if thread is not threading.main_thread())
        object_to = supervisor.warn if settings["preloadThreads"] else supervisor.give_up
        object_to("PRELOAD_THREADS", "importing %s started %d threads (%s)" % (settings["app"], threads - 1, names))
    return application


def main():
    settings = json.loads(sys.argv[1])
    settings["trustedProxies"] = trusted.normalized(settings["trustedProxies"])
    listeners = settings["listeners"]
    memory_fd, control_fd, notify_fd, log_fd = range(FIRST_FD + listeners, FIRST_FD + listeners + 4)
    for fd in range(FIRST_FD, log_fd + 1):
        os.set_inheritable(fd, False)
    for name in ("LISTEN_FDS", "LISTEN_PID"):
        os.environ.pop(name, None)
    # The application's process list and argument parsing need not see ours.
    sys.argv = [settings["app"], *settings["args"]]
    # A stack is wanted of an aborted worker, not a file as large as its memory.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    show_stacks()
    supervisor = Supervisor(notify_fd)
    run = prepare(settings, supervisor)
    # What exists now is never collected, so that looking for garbage does not copy the pages shared with all workers.
    gc.collect()
    gc.freeze()
    supervisor.say("READY=1")
    forked = serve(ForkServer(Socket(fileno=control_fd), supervisor))
    if forked is not None:
        run_child(settings, forked, run, memory_fd, log_fd)


def serve(server):
    """Returns in the server with None when all is over, and in each child with what was asked for."""
    try:
        server.run()
    except Forked as forked:
        # Without the server's frames, or every traceback of the application would begin with them.
        return forked.with_traceback(None)
    return None


def run_child(settings, forked, run, memory_fd, log_fd):
    if forked.request["do"] == "collect":
        return collect_metrics()
    supervisor = Supervisor(forked.notify_fd)
    supervisor.say("MAINPID=%d" % os.getpid())
    show_stacks()
    identify(forked.request)
    worker = {
        **settings,
        "id": forked.request["id"],
        "slot": forked.request["slot"],
        "memoryFd": memory_fd,
        "logFd": log_fd,
        "listenFds": list(range(FIRST_FD, FIRST_FD + settings["listeners"])),
    }
    run(worker, supervisor)


def identify(request):
    """Tells the application which worker it is in; src/runtime/processes/worker-identity.ts does it for other kinds."""
    os.environ.update(request["environment"])
    said = [one for one in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",") if one.strip()]
    if not any(one.split("=")[0].strip() == "service.instance.id" for one in said):
        said.append("service.instance.id=" + request["instance"])
    os.environ["OTEL_RESOURCE_ATTRIBUTES"] = ",".join(said)


def show_stacks():
    """ABRT and USR2 write the stacks of all threads to stderr; of ABRT the process then dies."""
    # Written in C, it does so while the interpreter is stuck in an extension, where a handler in Python never runs. What
    # it believes to have installed it leaves alone, whoever has changed it since.
    faulthandler.disable()
    faulthandler.unregister(signal.SIGUSR2)
    faulthandler.enable(file=sys.stderr, all_threads=True)
    faulthandler.register(signal.SIGUSR2, file=sys.stderr, all_threads=True, chain=False)
