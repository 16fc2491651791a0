"""What the service is measured against, each set up by its own project's files and used as its users do.

Law: a peer has what makes it fast, a stream for each caller, so that none loses a race; ours has no such favour.
"""
