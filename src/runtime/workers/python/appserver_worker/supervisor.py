"""What a worker, or the fork server, says to the supervisor."""

import os
import signal
import sys


class Supervisor:
    def __init__(self, fd):
        self.fd = fd
        os.set_inheritable(fd, False)
        # A supervisor that reads late must not hold up requests.
        os.set_blocking(fd, False)

    def say(self, *lines):
        try:
            os.write(self.fd, "".join(line + "\n" for line in lines).encode())
        except BrokenPipeError:
            # The supervisor is gone. Nobody watches this worker any more: it finishes what it has.
            os.kill(os.getpid(), signal.SIGTERM)
        except OSError:
            pass  # Full: the next heartbeat says it again.

    def give_up(self, code, cause):
        """Names the reason and ends this process; the traceback, if any, has been written by then."""
        self.say("X_APPSERVER_ERROR=%s %s" % (code, one_line(cause)))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(4 if code.startswith("APP_") else 3)

    def warn(self, code, cause):
        """Names what would be an error if the settings did not accept it."""
        self.say("X_APPSERVER_WARNING=%s %s" % (code, one_line(cause)))

    def request_timed_out(self, method, path, seconds):
        self.say("X_APPSERVER_REQUEST_TIMEOUT=%.3f %s %s" % (seconds, method, one_line(path)))


def one_line(text):
    return " ".join(str(text).split())
