"""One WSGI worker: a worker class of gunicorn, the application's own, under a supervisor that is not gunicorn's.

The supervisor hands over the listening socket, a pipe for the words of sd_notify(3) and a file of shared memory for
counters; everything else about serving requests stays gunicorn's. Run with one argument, a JSON object of settings.
"""

import bisect
import faulthandler
import json
import mmap
import os
import resource
import select
import sys
import threading
import time
import traceback

HEADER_BYTES = 4096
ROW_BYTES = 512
OLDEST_GUNICORN = (22, 0)
TOO_NEW_GUNICORN = (28, 0)


class Supervisor:
    """What this worker says to its supervisor."""

    def __init__(self, fd):
        self._fd = fd
        os.set_inheritable(fd, False)
        # A supervisor that reads late must not hold up requests.
        os.set_blocking(fd, False)

    def say(self, line):
        try:
            os.write(self._fd, line.encode() + b"\n")
        except OSError:
            pass  # Full or closed; a dead supervisor takes its workers with it.

    def give_up(self, code, cause):
        """Names the reason and ends this process; the traceback, if any, has been written by then."""
        self.say("X_APPSERVER_ERROR=%s %s" % (code, " ".join(str(cause).split())))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(4 if code.startswith("APP_") else 3)


class Counters:
    """This worker's row of the shared memory; src/runtime/shared-memory.ts names the same offsets."""

    def __init__(self, fd, slot, bounds):
        os.set_inheritable(fd, False)
        self._memory = mmap.mmap(fd, HEADER_BYTES + (slot + 1) * ROW_BYTES)
        self._drain = memoryview(self._memory)[0:4].cast("I")
        start = HEADER_BYTES + slot * ROW_BYTES
        self._row = memoryview(self._memory)[start : start + ROW_BYTES].cast("Q")
        self._bounds = bounds
        # Threads of one worker write the same row, and adding is not one instruction.
        self._lock = threading.Lock()

    def draining(self):
        return self._drain[0] == 1

    def begin(self):
        with self._lock:
            self._row[0] += 1
        return time.monotonic()

    def end(self, began):
        seconds = time.monotonic() - began
        bucket = 3 + bisect.bisect_left(self._bounds, seconds)
        with self._lock:
            self._row[1] += 1
            self._row[2] += int(seconds * 1e6)
            self._row[bucket] += 1


class Heartbeat:
    """Stands where gunicorn keeps a temporary file whose time its arbiter watches."""

    def __init__(self, supervisor, interval):
        self._supervisor = supervisor
        self._interval = interval
        self._last = 0.0

    def notify(self):
        # Called in every turn of a worker's loop, so mostly it only looks at the clock.
        now = time.monotonic()
        if now - self._last >= self._interval:
            self._last = now
            self._supervisor.say("WATCHDOG=1")

    def last_update(self):
        return self._last

    def fileno(self):
        return self._supervisor._fd

    def close(self):
        pass


def supervised(base, counters):
    """Returns gunicorn's worker class `base` with requests counted and a pod's end handled."""

    class SupervisedWorker(base):
        def init_signals(self):
            super().init_signals()
            # gunicorn's own handler of ABRT is Python and never runs while the interpreter is stuck in an extension.
            # This one is C: it writes the stacks of all threads, and then the process dies of the signal.
            faulthandler.disable()
            faulthandler.enable(file=sys.stderr, all_threads=True)

        def handle_request(self, *args):
            began = counters.begin()
            try:
                if counters.draining():
                    # No room for connections to keep: this answer says `Connection: close`, and the client's next
                    # request opens a connection that leads to another pod. Setting keepalive to 0 instead would also
                    # close the idle ones at once, under clients that were told that they are kept.
                    self.max_keepalived = 0
                return super().handle_request(*args)
            finally:
                counters.end(began)

        def empty_accept_queue(self):
            """Takes what is queued on the socket when the pod ends: nobody else would, and clients would be reset."""
            if not counters.draining():
                return
            for listener in self.sockets:
                while select.select([listener], [], [], 0)[0]:
                    try:
                        self.accept(listener)
                    except BlockingIOError:
                        break  # Another worker was quicker.
                    self.notify()

    class SupervisedSync(SupervisedWorker):
        def run(self):
            super().run()
            self.empty_accept_queue()

    class SupervisedThreads(SupervisedWorker):
        def set_accept_enabled(self, enabled):
            if not enabled and not self.alive:
                self.empty_accept_queue()
            super().set_accept_enabled(enabled)

    if hasattr(base, "run_for_one"):
        return SupervisedSync
    # Older gthread classes have no place for it; the drain has emptied the queue by then but for stragglers.
    return SupervisedThreads if hasattr(base, "set_accept_enabled") else SupervisedWorker


def import_gunicorn(supervisor):
    try:
        import gunicorn
    except ImportError:
        supervisor.give_up("GUNICORN_MISSING", "the application's image has no gunicorn for %s" % sys.executable)
    version = tuple(gunicorn.version_info[:2])
    if not OLDEST_GUNICORN <= version < TOO_NEW_GUNICORN:
        supervisor.give_up("GUNICORN_UNSUPPORTED", "gunicorn %s is not supported" % gunicorn.__version__)


def load_application(supervisor, name):
    """Imports `module:attribute`, telling a wrong name from an application that fails by itself."""
    from gunicorn import util
    from gunicorn.errors import AppImportError

    module = name.split(":", 1)[0]
    try:
        return util.import_app(name)
    except AppImportError as error:
        supervisor.give_up("APP_NOT_CALLABLE", "%s: %s" % (name, error))
    except ModuleNotFoundError as error:
        traceback.print_exc()
        # A package of the application's own that is missing is another matter than a misspelt spec.app.
        if error.name is not None and (module + ".").startswith(error.name + "."):
            supervisor.give_up("APP_NOT_FOUND", "there is no module %s in %s" % (error.name, os.getcwd()))
        supervisor.give_up("APP_IMPORT_FAILED", "importing %s failed: %s" % (module, error))
    except BaseException as error:  # sys.exit() in a module is a failed import too
        traceback.print_exc()
        supervisor.give_up(
            "APP_IMPORT_FAILED", "importing %s failed: %s: %s" % (module, type(error).__name__, error)
        )


def main():
    settings = json.loads(sys.argv[1])
    # The application's process list and argument parsing need not see ours.
    sys.argv = [settings["app"]]
    supervisor = Supervisor(settings["notifyFd"])
    # A stack is wanted of an aborted worker, not a file as large as its memory.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable(file=sys.stderr, all_threads=True)
    # As gunicorn does: modules are looked for in the working directory, not beside this file.
    sys.path[0] = os.getcwd()

    import_gunicorn(supervisor)
    from gunicorn import sock
    from gunicorn.app.base import BaseApplication
    from gunicorn.workers import base as worker_base

    counters = Counters(settings["sharedMemoryFd"], settings["slot"], settings["latencyBounds"])
    heartbeat = Heartbeat(supervisor, settings["heartbeatSeconds"] / 4)
    worker_base.WorkerTmp = lambda cfg: heartbeat

    class Application(BaseApplication):
        def load_config(self):
            values = {
                "worker_class": settings["class"],
                "threads": settings["threads"],
                "backlog": settings["backlog"],
                "keepalive": max(0, int(settings["keepAliveSeconds"])),
                "graceful_timeout": int(settings["gracefulSeconds"]),
                "post_worker_init": lambda worker: supervisor.say("READY=1"),
            }
            for key, value in values.items():
                self.cfg.set(key, value)

        def load(self):
            return load_application(supervisor, settings["app"])

    application = Application()
    cfg = application.cfg
    log = cfg.logger_class(cfg)
    listeners = sock.create_sockets(cfg, log, fds=[settings["listenFd"]])
    worker_class = supervised(cfg.worker_class, counters)
    # gunicorn's sync worker sleeps in select() for up to this long, and beats only when it wakes.
    wake_up = settings["heartbeatSeconds"] / 4
    worker = worker_class(1, os.getppid(), listeners, application, wake_up, cfg, log)
    worker.pid = os.getpid()
    worker.init_process()


if __name__ == "__main__":
    main()
