# As many images are made: a user of its own that owns the application. Without a shell, as distroless images are.
ARG BASE
FROM ${BASE}
RUN useradd --uid 10001 app && chown -R app /app && rm -f /bin/sh /bin/dash /bin/bash
USER app
