"""One line a request, written by the worker itself straight to the container's log.

The formats are those of the supervisor's own log; src/runtime/log/format.ts names the same fields.
"""

import datetime
import json
import os
import re

OFF, JSON, ECS, TEXT, COLOUR = range(5)
# A pipe takes up to 4096 bytes as one: lines of several workers do not mix.
MAX_LINE = 4096
# Of each field, in characters: a line that is cut is no JSON. With the last of them any line fits.
MAX_FIELDS = (1024, 512, 256, 128, 64, 32)

ECS_NAMES = (
    ("url.query", "query"),
    ("http.request.id", "id"),
    ("http.request.referrer", "referer"),
    ("user_agent.original", "userAgent"),
)
PORT = re.compile(":[0-9]*$")


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def request_id():
    return os.urandom(16).hex()


def plain(text):
    """Escaped, as nothing that a client sends may act on a terminal."""
    return json.dumps(text)[1:-1].replace("\x7f", "\\u007f")


class AccessLog:
    def __init__(self, fd, worker_id):
        self._fd = fd
        self._worker = worker_id
        self._pid = os.getpid()
        os.set_inheritable(fd, False)

    def write(self, format, method, path, query, status, size, seconds, remote, headers):
        """`headers` gives a header by its lower-case name, None where there is none. `size` is -1 when unknown, `query`
        None when it is not wanted."""
        referer = headers("referer")
        if query is None and referer is not None:
            # The page from which the request comes has a query of its own.
            referer = referer.partition("?")[0]
        fields = {
            "id": headers("x-request-id"),
            "traceparent": headers("traceparent"),
            "method": method,
            "path": path,
            "query": query or None,
            "status": status,
            "bytes": size,
            "ms": round(seconds * 1000, 3),
            "remote": remote,
            "host": headers("host"),
            "referer": referer,
            "userAgent": headers("user-agent"),
        }
        for length in MAX_FIELDS:
            data = self._line(
                format, {k: v[:length] if isinstance(v, str) else v for k, v in fields.items()}
            ).encode("utf-8", "replace")
            if len(data) < MAX_LINE:
                break
        try:
            os.write(self._fd, data + b"\n")
        except OSError:
            pass  # A log that cannot be written must not fail the request.

    def _line(self, format, fields):
        if format == JSON:
            return self._json(fields)
        if format == ECS:
            return self._ecs(fields)
        return self._text(fields, format == COLOUR)

    def _json(self, fields):
        request = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(
            {
                "level": "info",
                "time": now(),
                "worker": self._worker,
                "pid": self._pid,
                "request": request,
                "msg": "request",
            },
            separators=(",", ":"),
        )

    def _ecs(self, fields):
        record = {
            "@timestamp": now(),
            "log.level": "info",
            "message": "request",
            "ecs.version": "9.4.0",
            "event.dataset": "appserver.access",
            "event.duration": int(fields["ms"] * 1e6),
            "http.request.method": fields["method"],
            "url.path": fields["path"],
            "http.response.status_code": fields["status"],
            "client.address": fields["remote"],
            "process.pid": self._pid,
            "labels": {"worker": str(self._worker)},
        }
        if fields["bytes"] >= 0:
            record["http.response.body.bytes"] = fields["bytes"]
        for name, field in ECS_NAMES:
            if fields[field] is not None:
                record[name] = fields[field]
        if fields["host"] is not None:
            record["url.domain"] = PORT.sub("", fields["host"])
        parts = (fields["traceparent"] or "").split("-")
        if len(parts) == 4:
            record["trace.id"] = parts[1]
            record["span.id"] = parts[2]
        return json.dumps(record, separators=(",", ":"))

    def _text(self, fields, colour):
        """In the columns of the supervisor's own lines; see src/runtime/text/pretty-line.ts."""
        status, level = str(fields["status"]), "INFO "
        if colour:
            status = "\x1b[%sm%s\x1b[39m" % ({"2": "32", "3": "36", "4": "33", "5": "31"}.get(status[0], "39"), status)
            level = "\x1b[32m%s\x1b[39m" % level
        line = "%s %s %3d %s %s %s %s %.1fms %s" % (
            now(),
            level,
            self._worker,
            plain(fields["method"]),
            plain(fields["path"] if fields["query"] is None else "%s?%s" % (fields["path"], fields["query"])),
            status,
            fields["bytes"] if fields["bytes"] >= 0 else "-",
            fields["ms"],
            plain(fields["remote"]),
        )
        if fields["id"] is not None:
            line += " id=" + plain(fields["id"])
        return line
