"""Options of uvicorn that are nobody's but the application's, from the variables that uvicorn's command reads.

Its other options are for what the runtime does: sockets, processes, proxies, the access log, shutting down.
"""

import os

PREFIX = "UVICORN_"
NAMES = (
    "date_header",
    "h11_max_incomplete_event_size",
    "http",
    "interface",
    "lifespan",
    "limit_concurrency",
    "log_level",
    "loop",
    "root_path",
    "server_header",
    "use_colors",
    "ws",
    "ws_max_queue",
    "ws_max_size",
    "ws_per_message_deflate",
    "ws_ping_interval",
    "ws_ping_timeout",
)


def from_environment(supervisor):
    """Ends the process with a coded reason where uvicorn does not take a value."""
    variables = {name: PREFIX + name.upper() for name in NAMES}
    if not any(variable in os.environ for variable in variables.values()):
        return {}
    import click
    from uvicorn import main as command

    context = click.Context(command, auto_envvar_prefix=PREFIX[:-1])
    options = {}
    for option in command.params:
        text = os.environ.get(variables.get(option.name, ""))
        if text:
            try:
                options[option.name] = option.process_value(context, text)
            except click.ClickException as error:
                supervisor.give_up("CONFIG_INVALID", "%s: %s" % (variables[option.name], error.format_message()))
    return options
