"""The command line: `onrecord`."""

from service.cli.main import main

__all__ = ["main"]
