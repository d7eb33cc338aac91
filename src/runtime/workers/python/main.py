"""Start of the fork server; see appserver_worker/fork_server.py."""

from appserver_worker.fork_server import main

if __name__ == "__main__":
    main()
