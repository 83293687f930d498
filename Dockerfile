# One image for web, consumer, worker, beat and prepare; docker-compose.yml says which it is.

FROM docker.io/library/python:3.11.13-slim-bookworm AS built

# mysqlclient comes as source only.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/pixeltrack
COPY requirements.txt requirements-embedded.txt constraints.txt ./
RUN python -m venv /srv/venv \
    && /srv/venv/bin/python -m pip install --disable-pip-version-check --no-cache-dir --no-compile \
        --prefer-binary --no-binary mysqlclient -r requirements.txt

COPY . .
ENV PATH=/srv/venv/bin:$PATH PIXEL_STATIC_DIR=/srv/pixeltrack/static
# The secrets by which the settings can be read here stay in this step. Bytecode is made now, for nothing
# can be written where it runs, and is not compared with the times of files, which copies may change.
RUN PIXEL_ENV_FILE=/tmp/build.env python pixeltrack/bootstrap.py \
    && PIXEL_ENV_FILE=/tmp/build.env PIXEL_VAR_DIR=/tmp/var python manage.py collectstatic --noinput --verbosity 0 \
    && rm -r /tmp/build.env /tmp/var \
    && python -m compileall -q --invalidation-mode unchecked-hash /srv/venv/lib . \
    && mkdir -m 700 var


FROM docker.io/library/python:3.11.13-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin pixeltrack

COPY --from=built /srv/venv /srv/venv
COPY --from=built /srv/pixeltrack /srv/pixeltrack
# A volume that is new takes its owner from here.
RUN chown pixeltrack:pixeltrack /srv/pixeltrack/var

WORKDIR /srv/pixeltrack
ENV PATH=/srv/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIXEL_VAR_DIR=/srv/pixeltrack/var \
    PIXEL_STATIC_DIR=/srv/pixeltrack/static \
    HOST=0.0.0.0 \
    PORT=8000 \
    PIXEL_METRICS_PORT=9100
USER pixeltrack
VOLUME /srv/pixeltrack/var
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 \
    CMD ["python", "-m", "pixeltrack.healthcheck"]
CMD ["python", "-m", "gunicorn", "-c", "python:pixeltrack.gunicorn", "pixeltrack.asgi:application"]
