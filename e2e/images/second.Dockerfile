ARG BASE
FROM ${BASE}
ENV REVISION=2
# A module with a mistake, for the tests of bad input.
RUN echo 'import no_such_package' > /app/broken.py
# One that lets no second worker run beside it.
COPY lonely.py /app/
