"""`__main__` is the module of the server that a worker stands for, as `python -m gunicorn` has it.

multiprocessing prepares each process that it spawns with the `__main__` of the one that asks for it: with the runtime's
own it would run the runtime again, where not even its package can be found. That of a server is left alone.
"""

import importlib.util
import sys


def stand_for(server):
    """`server`: name of a package that can be run with `python -m`."""
    module = importlib.util.module_from_spec(importlib.util.find_spec(server + ".__main__"))
    module.__name__ = "__main__"
    sys.modules["__main__"] = module
