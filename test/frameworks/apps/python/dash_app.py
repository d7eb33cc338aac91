# https://dash.plotly.com/deployment
import atexit

from dash import Dash, html
from shop import clean_up, log, slow, stream

app = Dash(__name__)
app.layout = html.Div("hello")
server = app.server
atexit.register(clean_up)

server.get("/slow")(slow)
server.get("/stream", endpoint="stream")(lambda: stream())
server.get("/log")(log)
