"""HTTP: the routes, what they accept and answer, and how errors are told."""
