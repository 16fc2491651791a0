"""What may happen in a contested event, and what it means. Pure: no I/O, no clock, no SQL, no web."""
