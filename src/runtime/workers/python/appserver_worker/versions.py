"""What is supported, and a coded error outside of it. test/runtime runs the first and the last of each."""

import sys

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
        supervisor.give_up("GUNICORN_MISSING", "the application's image has no gunicorn for %s" % sys.executable)
    if not within(gunicorn.version_info[:2], GUNICORN):
        supervisor.give_up("GUNICORN_UNSUPPORTED", "gunicorn %s is not supported" % gunicorn.__version__)


def import_gevent(supervisor):
    try:
        import gevent.monkey
    except ImportError:
        supervisor.give_up("GEVENT_MISSING", "the application's image has no gevent for %s" % sys.executable)
    return gevent.monkey


def import_granian(supervisor):
    try:
        import granian
    except ImportError:
        supervisor.give_up("GRANIAN_MISSING", "the application's image has no granian for %s" % sys.executable)
    version = tuple(int(part) for part in granian.__version__.split(".")[:2])
    if not within(version, GRANIAN):
        supervisor.give_up("GRANIAN_UNSUPPORTED", "granian %s is not supported" % granian.__version__)


def import_uvicorn(supervisor):
    try:
        import uvicorn
    except ImportError:
        supervisor.give_up("UVICORN_MISSING", "the application's image has no uvicorn for %s" % sys.executable)
    version = tuple(int(part) for part in uvicorn.__version__.split(".")[:2])
    if not within(version, UVICORN):
        supervisor.give_up("UVICORN_UNSUPPORTED", "uvicorn %s is not supported" % uvicorn.__version__)


def within(version, bounds):
    return bounds[0] <= tuple(version) < bounds[1]
