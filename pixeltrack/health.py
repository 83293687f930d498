"""What operators and their machines ask: alive, ready, metrics."""

from ipaddress import ip_address

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST
from redis import Redis, RedisError

from pixeltrack.sources import MACHINE
from tracking import spool
from tracking.stream import clients

FORWARDED = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED", "HTTP_X_REAL_IP")


def is_inside(request) -> bool:
    """Asked from this machine itself, through no proxy, or by signed-in staff."""
    return is_local(request) or is_staff(request)


def is_local(request) -> bool:
    if any(name.startswith(FORWARDED) for name in request.META):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def is_staff(request) -> bool:
    try:
        return request.user.is_active and request.user.is_staff
    except DatabaseFailure:  # sessions live there
        return False


def healthz(request):
    """The process answers. It asks nobody else."""
    return JsonResponse({"status": "ok"})


def readyz(request):
    """Every component that a hit or a page needs. 503 while one is missing."""
    components = {name: state_of(check) for name, check in CHECKS.items()}
    ready = all(state == "ok" for state in components.values())
    components["disk"] = "low" if spool.disk_is_low() else "ok"  # a warning, and no outage yet
    body = {"status": "ready" if ready else "not ready"}
    if is_inside(request):
        body["components"] = {name: {"status": state} for name, state in components.items()}
    return JsonResponse(body, status=200 if ready else 503)


def metrics(request):
    """For Prometheus. To everybody else there is nothing here."""
    if not is_inside(request):
        raise Http404
    return HttpResponse(MACHINE.text(), content_type=CONTENT_TYPE_LATEST)


def state_of(check) -> str:
    """ "ok", or the kind of the failure: its message may name hosts and users."""
    try:
        check()
    except (DatabaseFailure, RedisError, OSError, NotMigrated) as failure:
        return type(failure).__name__
    return "ok"


def check_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_redis():
    with Redis.from_url(settings.REDIS_URL, **settings.REDIS_HOT) as client:
        client.ping()


def check_stream():
    """Each Redis that holds some of it."""
    for client in clients():
        client.ping()


class NotMigrated(Exception):
    pass


class Migrations:
    """Once applied, they stay applied for as long as this code runs."""

    applied = False

    def check(self):
        if not self.applied:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                raise NotMigrated
            self.applied = True


CHECKS = {
    "database": check_database,
    "migrations": Migrations().check,
    "redis": check_redis,
    "stream": check_stream,
}
