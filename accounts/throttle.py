import logging

from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.throttling import SimpleRateThrottle

from accounts.client_address import network_of

log = logging.getLogger(__name__)


class NetworkThrottle(SimpleRateThrottle):
    """So many requests from one network in a while, counted in Redis for all processes together.

    REST framework's own reads a list, adds to it and writes it back: requests that come at once
    get past it. Behind a proxy, only what `TRUSTED_PROXIES` proxies have added is believed.
    """

    def get_cache_key(self, request, view):
        return f"throttle:{self.scope}:{network_of(request)}"

    def allow_request(self, request, view) -> bool:
        """Without Redis, yes: better an account too many than none."""
        self.key = self.get_cache_key(request, view)
        try:
            return self.count() <= self.num_requests
        except RedisError:
            log.warning("Redis can't be asked: %s is not throttled.", self.scope)
            return True

    def count(self) -> int:
        """With this request, how many there were since the first of the current while."""
        cache.add(self.key, 0, self.duration)
        try:
            return cache.incr(self.key)
        except ValueError:  # it ended between the two
            return 1

    def wait(self) -> int | None:
        try:
            return cache.ttl(self.key)
        except RedisError:
            return None


class SignUpThrottle(NetworkThrottle):
    scope = "sign_up"
    rate = "30/hour"
