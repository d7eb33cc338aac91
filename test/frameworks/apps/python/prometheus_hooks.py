# https://prometheus.github.io/client_python/multiprocess/, the configuration of gunicorn
from prometheus_client import multiprocess


def child_exit(server, worker):
    multiprocess.mark_process_dead(worker.pid)
