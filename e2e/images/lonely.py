import fcntl

lock = open("/tmp/lonely.lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

from shop import app  # noqa: E402, F401
