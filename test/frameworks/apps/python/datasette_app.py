# https://docs.datasette.io/en/stable/internals.html#datasette-class
import atexit

from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils.asgi import Response
from shop import clean_up, log, slow_async


class Shop:
    __name__ = "Shop"

    @hookimpl
    def register_routes(self):
        async def slow():
            return Response.text(await slow_async())

        def write_log():
            return Response.text(log())

        return [(r"^/slow$", slow), (r"^/log$", write_log)]


pm.register(Shop(), name="shop")
atexit.register(clean_up)
app = Datasette(memory=True).app()
