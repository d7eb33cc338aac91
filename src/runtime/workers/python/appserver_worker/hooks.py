"""Hook functions under gunicorn's names, and the objects that they are called with where gunicorn's own are not there."""

import functools
import importlib.util
import logging
import os
import sys
import traceback
from types import SimpleNamespace

# Without these a worker is not what the application's author made it; one that fails in its end has done its work.
NEEDED = ("post_fork", "post_worker_init")


class Hooks:
    """The functions of the module `name`; of none when that is None."""

    def __init__(self, supervisor, name):
        self._supervisor = supervisor
        self._module = None if name is None else load(supervisor, name)

    def get(self, name):
        """The function, with a failure of it told in the words of its author; None where there is none."""
        hook = getattr(self._module, name, None)
        if hook is None or name not in (*NEEDED, "worker_exit"):
            return hook

        @functools.wraps(hook)
        def guarded(*args):
            try:
                return hook(*args)
            except Exception as error:
                traceback.print_exc()
                if name in NEEDED:
                    self.give_up(name, error)

        return guarded

    def call(self, name, *args):
        hook = self.get(name)
        if hook is not None:
            hook(*args)

    def give_up(self, name, error):
        """Ends the process, as the hook cannot be called or has raised."""
        hook = getattr(self._module, name)
        file = getattr(self._module, "__file__", None)
        frames = traceback.extract_tb(error.__traceback__)[1:]
        # Where it is in the author's own file, if it came from there; deeper frames are in the log.
        own = [frame for frame in frames if frame.filename == file]
        if own:
            at, line = own[-1].filename, own[-1].lineno
        else:
            # It was called with other arguments than it takes.
            code = getattr(hook, "__code__", None)
            at, line = (code.co_filename, code.co_firstlineno) if code is not None else (file, 1)
        function = getattr(hook, "__qualname__", name)
        what = "hook %s, function %s in %s, line %d" % (name, function, at, line)
        self._supervisor.give_up("HOOK_FUNCTION_FAILED", "%s: %s: %s" % (what, type(error).__name__, error))


def load(supervisor, name):
    path = file_of(name)
    try:
        return importlib.import_module(name) if path is None else load_file(path)
    except BaseException as error:
        traceback.print_exc()
        what = "importing the hooks' module %s failed" % name if path is None else "running %s failed" % path
        supervisor.give_up("HOOK_FAILED", "%s: %s: %s" % (what, type(error).__name__, error))


def file_of(name):
    """The path of a file; None for a module's name.

    A file of gunicorn's settings is called gunicorn.conf.py, which no import finds: gunicorn is a package.
    """
    if "/" in name or name.endswith(".py"):
        return os.path.abspath(name)
    path = os.path.abspath(name + ".py")
    return path if "." in name and os.path.exists(path) else None


def load_file(path):
    spec = importlib.util.spec_from_file_location("__config__", path)
    module = importlib.util.module_from_spec(spec)
    # As gunicorn names it.
    sys.modules["__config__"] = module
    spec.loader.exec_module(module)
    return module


def error_logger():
    """gunicorn's, set up as gunicorn does it, unless the application has done so."""
    logger = logging.getLogger("gunicorn.error")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(
            logging.Formatter("%(asctime)s [%(process)d] [%(levelname)s] %(message)s", "[%Y-%m-%d %H:%M:%S %z]")
        )
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger


class Log:
    """What hooks use of gunicorn's log, in its format on stderr. Without hooks nobody's logging is touched."""

    def __init__(self, cfg):
        self.cfg = cfg
        self.access_log = logging.getLogger("gunicorn.access")

    @property
    def error_log(self):
        return error_logger()

    def critical(self, msg, *args, **kwargs):
        self.error_log.critical(msg, *args, **kwargs)

    def error(self, msg, *args, **kwargs):
        self.error_log.error(msg, *args, **kwargs)

    def warning(self, msg, *args, **kwargs):
        self.error_log.warning(msg, *args, **kwargs)

    def info(self, msg, *args, **kwargs):
        self.error_log.info(msg, *args, **kwargs)

    def debug(self, msg, *args, **kwargs):
        self.error_log.debug(msg, *args, **kwargs)

    def exception(self, msg, *args, **kwargs):
        self.error_log.exception(msg, *args, **kwargs)

    def log(self, level, msg, *args, **kwargs):
        self.error_log.log(level, msg, *args, **kwargs)


def make_cfg(settings):
    """What hooks use of gunicorn's settings, by gunicorn's names."""
    return SimpleNamespace(
        address=[],
        graceful_timeout=int(settings["gracefulSeconds"]),
        keepalive=int(settings["keepAliveSeconds"]),
        loglevel="info",
        preload_app=settings["preload"],
        proc_name=settings["app"],
        threads=settings["threads"],
        timeout=0,
        worker_class_str=settings["class"] or settings["kind"],
        # More than one, and it may change.
        workers=2,
    )


class Application:
    """What hooks use of gunicorn's application."""

    def __init__(self, cfg):
        self.cfg = cfg
        self.callable = None

    def wsgi(self):
        return self.callable


def make_worker(settings, sockets=()):
    """What hooks use of gunicorn's worker, for a server that is not gunicorn's. Its application is set once it is loaded."""
    cfg = make_cfg(settings)
    return SimpleNamespace(
        age=settings["id"],
        aborted=False,
        alive=True,
        app=Application(cfg),
        booted=False,
        cfg=cfg,
        log=Log(cfg),
        nr=0,
        pid=os.getpid(),
        ppid=os.getppid(),
        sockets=list(sockets),
        timeout=0.0,
    )


def make_server(worker):
    """What hooks use of gunicorn's arbiter, which does not exist here."""
    cfg = worker.cfg
    return SimpleNamespace(
        WORKERS={worker.pid: worker},
        address=cfg.address,
        app=worker.app,
        cfg=cfg,
        log=worker.log,
        num_workers=cfg.workers,
        pid=worker.ppid,
        proc_name=cfg.proc_name,
        timeout=cfg.timeout,
    )
