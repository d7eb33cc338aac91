"""The environ of PEP 3333, made of a request as Granian's ASGI side hands it over, by gunicorn's rules.

Granian's WSGI side is not used: it leaves out every header value with a byte above 127, and takes a body that breaks
off for one that has ended.
"""

import os
import re
import sys
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

# RFC 9110, section 5.3: fields that have one value; a second one makes the request mean two things.
SINGLE = frozenset((b"host", b"content-type", b"content-length"))
CODINGS = frozenset(("gzip", "compress", "deflate"))
# gunicorn takes only methods of this form.
METHOD = re.compile(r"[^a-z#]{3,20}")
VERSIONS = {"1": "HTTP/1.0", "1.1": "HTTP/1.1"}


class Refused(Exception):
    """The request gets an answer with this status, and the application does not see it."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


class Names(dict):
    """Names in the environ by the names of headers; None for those that have none."""

    # Clients may send any number of names; applications see the same few.
    MOST = 1000

    def __missing__(self, header):
        # As gunicorn does: a name with _ would be taken for another one with -.
        name = None if b"_" in header else "HTTP_" + header.decode("ascii").upper().replace("-", "_")
        if len(self) < self.MOST:
            self[header] = name
        return name


def base_environ(threads):
    return {
        "SERVER_SOFTWARE": "granian",
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
        "wsgi.multithread": threads > 1,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def environ_maker(threads):
    """Returns a function that makes the environ of a request, without its input, or raises Refused."""
    base = base_environ(threads)
    script_name = os.environ.get("SCRIPT_NAME", "")
    names = Names({b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"})

    def make(scope):
        environ = base.copy()
        headers = scope["headers"]
        # Granian adds a Host where the client has sent none.
        added = headers[0] == (b"host", b"")
        for header, value in headers[1:] if added else headers:
            name = names[header]
            if name is None:
                continue
            text = value.decode("latin-1")
            if name not in environ:
                environ[name] = text
            elif header in SINGLE:
                raise Refused(400, "more than one header %s" % header.decode())
            else:
                environ[name] += "," + text
        check(scope, environ)
        address(scope, environ)
        path = scope["raw_path"]
        query = scope["query_string"]
        if not (path[:1] == b"/" or (path == b"*" and scope["method"] == "OPTIONS")):
            raise Refused(400, "the target %r" % path)
        if not (path.isascii() and query.isascii()):
            raise Refused(400, "the target is not ASCII")
        query = query.decode("ascii")
        raw = path.decode("ascii")
        environ["RAW_URI"] = raw + "?" + query if query else raw
        environ["QUERY_STRING"] = query
        environ["SCRIPT_NAME"] = script_name
        if script_name:
            if not raw.startswith(script_name):
                raise Refused(500, "the path %r does not start with SCRIPT_NAME %r" % (raw, script_name))
            path = path[len(script_name) :]
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if b"%" in path else path.decode("ascii")
        return environ

    return make


def check(scope, environ):
    method = environ["REQUEST_METHOD"] = scope["method"]
    if METHOD.fullmatch(method) is None:
        raise Refused(400, "the method %r" % method)
    version = environ["SERVER_PROTOCOL"] = VERSIONS[scope["http_version"]]
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    if coding is not None:
        check_coding(coding, version, environ)
    if environ.get("HTTP_EXPECT", "100-continue").lower() != "100-continue":
        raise Refused(417, "the expectation %r" % environ["HTTP_EXPECT"])


def check_coding(coding, version, environ):
    """Where two readers may disagree about where a body ends, one of them is deceived."""
    if version == "HTTP/1.0" or "CONTENT_LENGTH" in environ:
        raise Refused(400, "Transfer-Encoding with Content-Length or HTTP/1.0")
    *before, last = (one.strip(" \t").lower() for one in coding.split(","))
    for one in (*before, last):
        if one != "chunked" and one != "identity" and one not in CODINGS:
            raise Refused(501, "the transfer coding %r" % one)
    if last != "chunked" or "chunked" in before:
        raise Refused(400, "the transfer coding %r" % coding)


def address(scope, environ):
    environ["wsgi.url_scheme"] = scope["scheme"]
    client, port = scope["client"]
    environ["REMOTE_ADDR"] = client
    if client:
        environ["REMOTE_PORT"] = port
    environ["SERVER_NAME"], environ["SERVER_PORT"] = scope["server"]


def body_length(environ):
    """In bytes; None where the body is in chunks."""
    return None if "HTTP_TRANSFER_ENCODING" in environ else int(environ.get("CONTENT_LENGTH") or 0)
