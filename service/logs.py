"""Logs: one JSON object a line, with plain tracebacks: never the values of variables, which may be secrets."""

import structlog


def configure() -> None:
    """Let everything log in this way."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    )
