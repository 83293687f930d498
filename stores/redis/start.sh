#!/bin/sh
# Writes Redis' users from the environment, then becomes Redis. The file has hashes in place of the
# passwords, and is in memory.
set -eu

here=$(dirname "$0")
users=${REDIS_USERS_FILE:-/run/redis/users.acl}

hash() {
    printf %s "$1" | sha256sum | cut -d ' ' -f 1
}

: "${REDIS_ROOT_PASSWORD:?}" "${REDIS_PASSWORD:?}" "${REDIS_EXPORTER_PASSWORD:?}"
umask 077
cat >"$users" <<ACL
user default off
user root on #$(hash "$REDIS_ROOT_PASSWORD") ~* &* +@all
user pixeltrack on #$(hash "$REDIS_PASSWORD") ~* &* +@all -@admin -@dangerous +info +config|get
user exporter on #$(hash "$REDIS_EXPORTER_PASSWORD") +ping +info +config|get +client|setname +latency +slowlog|get +slowlog|len
ACL

exec redis-server "$here/redis.conf" --aclfile "$users" "$@"
