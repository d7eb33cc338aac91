"""Virtual environments that an image has made and not put on its PATH.

They are named, and not used: an interpreter that was guessed may be another than the one that the image's author runs,
and two pods with different guesses would be hard to tell apart. Setting PATH is said once, and everybody can see it.
"""

import glob
import os


def having(package):
    """The first virtual environment with this package, None where there is none."""
    for folder in candidates():
        if installed(folder, package):
            return folder
    return None


def installed(folder, package):
    return os.path.exists(os.path.join(folder, "bin", "python3")) and bool(
        glob.glob(os.path.join(glob.escape(folder), "lib", "python*", "site-packages", package, "__init__.py"))
    )


def candidates():
    environ = os.environ
    for name in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"):
        if environ.get(name):
            yield os.path.abspath(environ[name])
    at = os.getcwd()
    while True:
        for name in (".venv", "venv"):
            yield os.path.join(at, name)
        parent = os.path.dirname(at)
        if parent == at:
            break
        at = parent
    yield from ("/opt/venv", "/opt/.venv", "/app/.venv", "/app/venv", "/venv")
    cache = environ.get("POETRY_CACHE_DIR") or os.path.join(os.path.expanduser("~"), ".cache", "pypoetry")
    poetry = environ.get("POETRY_VIRTUALENVS_PATH") or os.path.join(cache, "virtualenvs")
    yield from sorted(glob.glob(os.path.join(glob.escape(poetry), "*")))


def path_with(folder):
    """A PATH on which its interpreter is the first."""
    return os.pathsep.join([os.path.join(folder, "bin"), *filter(None, [os.environ.get("PATH")])])
