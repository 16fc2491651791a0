FROM python:3.11-slim AS builder
RUN pip install --no-cache-dir "uv==0.13.*"
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --no-install-project
COPY domain domain
COPY projections projections
COPY service service
COPY examples examples
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin onrecord \
    && install -d -o onrecord -g onrecord -m 0750 /data
COPY --from=builder /app/.venv /app/.venv
# Nothing is written outside /data, uploads in flight included: the root may be mounted read-only.
ENV PATH=/app/.venv/bin:$PATH \
    ONRECORD_DATA=/data \
    TMPDIR=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# Without a proxy, whatever the environment says: the answer of a proxy is not the service's.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-P", "-c", \
    "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8000/healthz/ready', timeout=4)"]
ENTRYPOINT ["onrecord"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
