#!/bin/sh
# Writes Redis' users from the environment, then becomes Redis. The file has hashes in place of the
# passwords, and is in memory.
set -eu

here=$(dirname "$0")
users=${REDIS_USERS_FILE:-/run/redis/users.acl}

hash() {
    printf %s "$1" | sha256sum | cut -d ' ' -f 1
}

# Data of each kind, scripts, and of the server what tells how it is. All keys are the program's own.
program="+@string +@hash +@list +@set +@sortedset +@stream +@keyspace +@pubsub +@transaction +@connection"
program="$program +eval +evalsha +script|load +script|exists +time +wait +memory|usage"
program="$program -@admin -@dangerous +info +config|get +cluster|info +cluster|slots"
exporter="+ping +info +config|get +client|setname +latency|latest +latency|histogram +slowlog|get +slowlog|len"

: "${REDIS_ROOT_PASSWORD:?}" "${REDIS_PASSWORD:?}" "${REDIS_EXPORTER_PASSWORD:?}"
# Nobody comes in as `default`, which is off. But Redis loads its AOF as that user and, before
# redis/redis#14545, leaves out of it the transactions and scripts that the user may not do: that would be
# every hit, and every acknowledgement.
umask 077
cat >"$users" <<ACL
user default off resetpass ~* &* +@all
user root on #$(hash "$REDIS_ROOT_PASSWORD") ~* &* +@all
user pixeltrack on #$(hash "$REDIS_PASSWORD") ~* &* $program
user exporter on #$(hash "$REDIS_EXPORTER_PASSWORD") $exporter
ACL

exec redis-server "$here/redis.conf" --aclfile "$users" --dir "${REDIS_DATA_DIR:-/data}" "$@"
