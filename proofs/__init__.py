"""Proofs that a log is whole, in public formats: what an auditor checks, and what checks it.

Law: nothing of this project is imported here, and beside the standard library only `cryptography`, for signatures.
"""
