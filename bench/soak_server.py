"""`onrecord`, with fewer states at hand than it has in use: they are all there early, and what grows then is a leak."""

from service.cli import main
from service.ledger import writer

CACHED_EVENTS = 5_000

if __name__ == "__main__":
    writer.CACHED_EVENTS = CACHED_EVENTS
    main()
