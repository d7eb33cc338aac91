"""What is supported, and a coded error outside of it. test/runtime runs the first and the last of each."""

import importlib
import sys

from appserver_worker import environments

OLDEST_PYTHON = (3, 9)
GUNICORN = ((22, 0), (28, 0))
UVICORN = ((0, 30), (1, 0))
# Internal parts of it are used.
GRANIAN = ((2, 8), (2, 9))


def check_python(supervisor):
    if sys.version_info[:2] < OLDEST_PYTHON:
        supervisor.give_up("PYTHON_UNSUPPORTED", "Python %d.%d is too old" % sys.version_info[:2])


def import_gunicorn(supervisor):
    try:
        import gunicorn
    except ImportError:
        missing(supervisor, "gunicorn")
    if not within(gunicorn.version_info[:2], GUNICORN):
        supervisor.give_up("GUNICORN_UNSUPPORTED", "gunicorn %s is not supported" % gunicorn.__version__)


def import_gevent(supervisor):
    try:
        import gevent.monkey
    except ImportError:
        missing(supervisor, "gevent")
    return gevent.monkey


def import_granian(supervisor):
    import_within(supervisor, "granian", GRANIAN)


def import_uvicorn(supervisor):
    import_within(supervisor, "uvicorn", UVICORN)


def import_within(supervisor, name, bounds):
    try:
        module = importlib.import_module(name)
    except ImportError:
        missing(supervisor, name)
    version = tuple(int(part) for part in module.__version__.split(".")[:2])
    if not within(version, bounds):
        supervisor.give_up("%s_UNSUPPORTED" % name.upper(), "%s %s is not supported" % (name, module.__version__))


def missing(supervisor, name):
    elsewhere = environments.having(name)
    if elsewhere is not None:
        supervisor.give_up(
            "VIRTUALENV_NOT_ON_PATH",
            "%s has no %s, but the virtual environment %s has; its python3 is the first one with PATH=%s"
            % (sys.executable, name, elsewhere, environments.path_with(elsewhere)),
        )
    supervisor.give_up("%s_MISSING" % name.upper(), "the application's image has no %s for %s" % (name, sys.executable))


def within(version, bounds):
    return bounds[0] <= tuple(version) < bounds[1]
