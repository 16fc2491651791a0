"""Logs: one JSON object a line on standard error, the web server's own lines in the same form.

Law: no query string, no client's address, no header and no value of a variable is ever logged: any of them may be a
secret, or lead to a source.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SHARED: tuple[Any, ...] = (
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(level: str = "info") -> None:
    """Let everything log in this way, from a level on: debug, info, warning or error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    # By way of the standard library, which never raises where standard error is gone: no writer dies of a log line.
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    form = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_SHARED, _of_request],
        pass_foreign_args=True,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(form)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)


def _of_request(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Turn the web server's line about a request into its parts: method, path and status, without the rest."""
    arguments = event.pop("positional_args", ())
    record: logging.LogRecord = event["_record"]
    if record.name == "uvicorn.access" and isinstance(arguments, tuple) and len(arguments) == 5:
        _, verb, target, _, status = arguments
        event.update(event="request", method=verb, path=str(target).partition("?")[0], status=status)
    return event
