"""Logs for machines: one JSON object a line, with the request's id; never a key, a query's text or a body."""

import json
import logging
import os
import sys
import time
from typing import Any, TextIO

LOG_LEVEL = "DISTILRANK_LOG_LEVEL"
"""Environment variable: DEBUG, INFO (the default: one line a request), WARNING or ERROR."""

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Time (UTC), level, logger, message, whatever came as `extra`, and the traceback of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        entry: dict[str, Any] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def log_level() -> int:
    """The level that the environment asks for."""
    return logging.getLevelNamesMapping().get(os.environ.get(LOG_LEVEL, "").upper(), logging.INFO)


def log_as_json(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send the server's logs to `stream` (None: standard error), as JSON; called once, by whoever runs the server."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("distilrank")
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False
