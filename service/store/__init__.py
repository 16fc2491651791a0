"""How events are kept: the event store's recorders, made to keep a contiguous log."""
