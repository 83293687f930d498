"""Containers without Docker: starts what docker-compose.yml says, natively, as root on Linux.

Each container gets namespaces of its own for network, mounts, processes and host name, and all of
them live in outer namespaces whose first process ends with the tests. So nothing of it is to be
seen from outside, and all of it vanishes at once, whatever happens to the tests.
"""
