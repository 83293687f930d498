"""Containers without Docker: starts what docker-compose.yml says, natively, as root on Linux.

Each container gets namespaces of its own for network, mounts, processes and host name, and all of
them live in outer namespaces whose first process ends with the tests. So nothing of it is to be
seen from outside, and all of it vanishes at once, whatever happens to the tests.

As in Docker: commands, entry points, environment, users, capabilities, volumes, tmpfs, read-only
roots, networks and who sees whom there, names with an address for each replica, health,
`depends_on`, `restart`, `init`, signals and grace at the end. Not: limits of memory, logs that are
rotated, and ports of this machine, which `WholeStack.published` stands for. In place of an image's
root there are this machine's /usr and /etc (images.py says what differs).
"""
