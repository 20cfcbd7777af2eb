# One image for every role: all (the default), bot, push, media, notices, delivery, desk.

FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --only-binary :all: --require-hashes -r requirements.lock \
    && /opt/venv/bin/pip uninstall --yes --quiet pip
COPY . ./
# Compiled now, because the running container cannot write; readable whatever the builder's umask.
RUN /opt/venv/bin/python -m compileall -q . && chmod -R a+rX .

FROM python:3.13-slim
# Volumes mounted over these folders take their owner and mode from here.
RUN groupadd --gid 10001 suishoupai \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin suishoupai \
    && install -d -o suishoupai -g suishoupai -m 0700 /data /data/keys /data/media /data/desk /data/in_hand \
        /data/keys/private /data/keys/private/outer /data/keys/private/inner \
        /data/keys/public /data/keys/public/outer /data/keys/public/inner
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    DESK_HOST=0.0.0.0
WORKDIR /app
USER 10001:10001
EXPOSE 8080 8081
# Of the bot; compose.yaml gives the other roles what suits them.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\") or 8080}/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "bot"]
