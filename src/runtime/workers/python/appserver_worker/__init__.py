"""Workers for Python applications, forked from a server that has imported what they share.

    fork_server    holds the interpreter and the server library, and the application too with preload; forks workers
    main_module    what the application sees as `__main__`
    wsgi           gunicorn's worker classes under a supervisor that is not gunicorn's
    asgi           uvicorn's Server under the same supervisor
    hooks          functions under gunicorn's names
    supervisor     what a worker says to the supervisor: the words of sd_notify(3) over a pipe
    shared_memory  counters and requests in hand, which the supervisor samples
    access_log     one line a request, written by the worker itself

Nothing but the standard library and the application's own gunicorn, uvicorn, gevent or granian is imported.
"""
