# https://opentelemetry.io/docs/languages/python/instrumentation/, whose provider sends its last batch when the process exits
import atexit
import sys

from flask import Flask
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from shop import clean_up, log, slow, stream


def one_line(span):
    return f"span {span.name}\n"


provider = TracerProvider()
# A minute: what comes earlier was sent by the exit.
exporter = ConsoleSpanExporter(out=sys.stdout, formatter=one_line)
provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=60_000))
trace.set_tracer_provider(provider)
atexit.register(clean_up)

app = Flask(__name__)
FlaskInstrumentor().instrument_app(app)


@app.get("/")
def hello():
    return "hello"


app.get("/slow")(slow)
app.get("/stream", endpoint="stream")(lambda: stream())
app.get("/log")(log)
