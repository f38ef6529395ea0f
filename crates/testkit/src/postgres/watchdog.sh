#!/bin/sh
# Stops a throw-away PostgreSQL cluster and removes its folder as soon as nobody needs it.
#
#   watchdog.sh private CLUSTER               when the standard input ends: its writer is the one user
#   watchdog.sh shared CLUSTER BASE LINGER_S  when BASE/lease has been free for LINGER_S seconds
#
# A lock and a pipe end with the process that holds them, even by kill -9; so nothing is left behind.
set -u

mode=$1
cluster=$2
data=$cluster/data

# The seconds that an orderly stop may take before everything is killed.
stop_limit_s=5

# Prints the process id of the server if it runs.
server() {
    pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && grep -qaF -- "$data" "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

# Kills a server with its children, which may be stopped and then would not notice.
kill_all() {
    kill -STOP "$1" 2>/dev/null
    for stat in /proc/[0-9]*/stat; do
        { read -r line <"$stat"; } 2>/dev/null || continue
        child=${line%% *}
        rest=${line##*) }
        rest=${rest#* }
        [ "${rest%% *}" = "$1" ] && kill -KILL "$child" 2>/dev/null
    done
    kill -KILL "$1" 2>/dev/null
}

# A killed server leaves its segment of shared memory. The system has room for some thousands.
free_memory() {
    pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 0
    segment=$(sed -n 's/^ *[0-9][0-9]*  *\([0-9][0-9]*\)$/\1/; 7p' "$data/postmaster.pid")
    while read -r _ id _ _ creator _ attached _; do
        if [ "$id $creator $attached" = "$segment $pid 0" ]; then
            ipcrm -m "$id"
        fi
    done </proc/sysvipc/shm
} 2>/dev/null

remove() {
    if pid=$(server); then
        kill -QUIT "$pid" 2>/dev/null
        waited_s=0
        while server >/dev/null && [ "$waited_s" -lt "$stop_limit_s" ]; do
            sleep 1
            waited_s=$((waited_s + 1))
        done
        server >/dev/null && kill_all "$pid"
    fi
    free_memory
    rm -rf "$cluster"
    exit 0
}

exec 8<"$cluster/alive" || exit 1
flock -s 8
echo watching
exec >/dev/null 2>&1

if [ "$mode" = private ]; then
    cat >/dev/null
    remove
fi

base=$3
linger_s=$4
while sleep 1; do
    exec 7<"$base/start.lock" 9<"$base/lease" || remove
    if flock -n 7; then
        if [ "$(cat "$base/shared")" != "${cluster##*/}" ]; then
            remove
        elif ! flock -n 9; then
            touch "$base/lease"
        elif [ $(($(date +%s) - $(stat -c %Y "$base/lease"))) -ge "$linger_s" ]; then
            rm -f "$base/shared"
            remove
        fi
    fi
    exec 7<&- 9<&-
done
