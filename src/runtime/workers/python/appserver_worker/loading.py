"""Finding the application, with errors that tell a wrong name from an application that fails by itself."""

import ast
import importlib
import os
import sys
import traceback


def split(name):
    """`module:attribute` or `module:factory(arguments)`, the attribute being `application` when there is none."""
    module, _, attribute = name.partition(":")
    return module, attribute or "application"


def resolve(module, attribute):
    """Returns the attribute, calling it first when it is written as a call. Raises LookupError when it is no such."""
    expression = ast.parse(attribute, mode="eval").body
    if isinstance(expression, ast.Call):
        arguments = [ast.literal_eval(one) for one in expression.args]
        keywords = {one.arg: ast.literal_eval(one.value) for one in expression.keywords}
        return find(module, ast.unparse(expression.func))(*arguments, **keywords)
    return find(module, attribute)


def find(module, path):
    found = module
    for name in path.split("."):
        if not hasattr(found, name):
            raise LookupError("there is no %s in %s" % (path, module.__name__))
        found = getattr(found, name)
    return found


def import_module(supervisor, name):
    """Imports the application's module. Ends the process with a coded reason where that fails."""
    module, _ = split(name)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        traceback.print_exc()
        # A package of the application's own that is missing is another matter than a misspelt name of this one.
        if error.name is not None and (module + ".").startswith(error.name + "."):
            supervisor.give_up("APP_NOT_FOUND", "there is no module %s in %s" % (error.name, os.getcwd()))
        supervisor.give_up("APP_IMPORT_FAILED", "importing %s failed: %s" % (module, error))
    except BaseException as error:  # sys.exit() in a module is a failed import too
        traceback.print_exc()
        supervisor.give_up("APP_IMPORT_FAILED", "importing %s failed: %s" % (module, named(error)))


def load(supervisor, name):
    """Finds the application, and imports its module for that if need be. Ends the process where that fails."""
    imported = import_module(supervisor, name)
    _, attribute = split(name)
    try:
        application = resolve(imported, attribute)
    except (LookupError, SyntaxError, ValueError) as error:
        supervisor.give_up("APP_NOT_CALLABLE", "%s: %s" % (name, error))
    except BaseException as error:
        traceback.print_exc()
        supervisor.give_up("APP_IMPORT_FAILED", "%s failed: %s" % (name, named(error)))
    if not callable(application):
        supervisor.give_up("APP_NOT_CALLABLE", "%s is a %s, not a callable" % (name, type(application).__name__))
    return application


def look_in(folders):
    """As gunicorn does: modules are looked for in the working directory, not beside the runtime's own files."""
    sys.path[0] = os.getcwd()
    sys.path[:0] = folders


def named(error):
    return "%s: %s" % (type(error).__name__, error)
