"""A cluster of three PostgreSQL hosts on one machine, to be broken: Patroni, etcd, HAProxy, and `serve` before it.

Law: whatever is started, mounted or joined ends with the process that began it, however that ends.
"""
