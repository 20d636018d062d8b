#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A throw-away PostgreSQL in a temporary folder, for tests.
#
#   tests/pg.sh run COMMAND...   starts one, runs COMMAND with STEMMA_TEST_PG=URL (and STEMMA_TEST_PG_DIR and _SH, for
#                                tests that restart it), stops it, gives COMMAND's status
#   tests/pg.sh start            starts one and prints its URL and its folder, a line each
#   tests/pg.sh restart DIR [MODE]   restarts it; MODE is fast (default) or immediate
#   tests/pg.sh stop DIR         stops it and removes the folder
#
# It listens on a free port of 127.0.0.1 and on a socket in its folder, trusts everybody there, and keeps the server's
# defaults for fsync. PostgreSQL refuses to run as root: then it runs as the user postgres. PG_BIN names the folder of
# the programs when they are not in the usual place.
set -eu

die() {
    echo "pg.sh: $*" >&2
    exit 1
}

bin_dir() {
    if [ -n "${PG_BIN:-}" ]; then
        echo "$PG_BIN"
        return
    fi
    # The newest version, by number.
    for v in $(ls /usr/lib/postgresql 2>/dev/null | sort -rn); do
        if [ -x "/usr/lib/postgresql/$v/bin/initdb" ]; then
            echo "/usr/lib/postgresql/$v/bin"
            return
        fi
    done
    initdb=$(command -v initdb) || die "PostgreSQL's programs were not found (Debian: apt install postgresql)"
    dirname "$initdb"
}

# Runs a command as a user that PostgreSQL accepts, in a folder that this user can enter.
as_pg() {
    if [ "$(id -u)" != 0 ]; then
        (cd / && "$@")
    else
        (cd / && setpriv --reuid postgres --regid postgres --clear-groups env HOME=/ "$@")
    fi
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null ||
        # Without Python: by chance, from a range that systems seldom hand out.
        awk 'BEGIN { srand(); print 15000 + int(rand() * 10000) }'
}

try_start() { # DIR
    port=$(free_port)
    as_pg "$BIN/pg_ctl" -D "$1/data" -l "$1/log" -s -w -t 60 \
        -o "-p $port -k $1 -c listen_addresses=127.0.0.1 -c max_connections=100 ${PG_OPTIONS:-}" start >/dev/null 2>&1 ||
        return 1
    echo "$port" >"$1/port"
}

start() { # sets DIR and URL
    DIR=$(mktemp -d /tmp/stemma-pg.XXXXXX) # short: a socket's path has 107 bytes
    if [ "$(id -u)" = 0 ]; then
        id postgres >/dev/null 2>&1 || die "as root this needs the user postgres"
        chown postgres:postgres "$DIR"
    fi
    as_pg "$BIN/initdb" -D "$DIR/data" -U stemma -A trust -E UTF8 --locale=C -N >"$DIR.initdb" 2>&1 ||
        { cat "$DIR.initdb" >&2; rm -rf "$DIR" "$DIR.initdb"; die "initdb failed"; }
    rm -f "$DIR.initdb"
    # Somebody may take the port between its choice and its use.
    for attempt in 1 2 3 4 5; do
        if try_start "$DIR"; then
            URL="postgresql://stemma@127.0.0.1:$(cat "$DIR/port")/postgres"
            return 0
        fi
    done
    cat "$DIR/log" >&2
    rm -rf "$DIR"
    die "PostgreSQL did not start (attempt $attempt)"
}

check_dir() { # a folder of ours, before anything in it is stopped or removed
    case "$1" in
    /tmp/stemma-pg.??????) [ -d "$1" ] || die "$1 is not there" ;;
    *) die "$1 was not made by pg.sh" ;;
    esac
}

stop() { # DIR
    check_dir "$1"
    as_pg "$BIN/pg_ctl" -D "$1/data" -s -w -t 60 -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$1"
}

SELF=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
BIN=$(bin_dir)
verb=${1:-}
[ $# -gt 0 ] && shift
case "$verb" in
run)
    [ $# -gt 0 ] || die "run needs a command"
    start
    trap 'stop "$DIR"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    status=0
    STEMMA_TEST_PG=$URL STEMMA_TEST_PG_DIR=$DIR STEMMA_TEST_PG_SH=$SELF "$@" || status=$?
    exit $status
    ;;
start)
    start
    echo "$URL"
    echo "$DIR"
    ;;
restart)
    check_dir "${1:-}"
    as_pg "$BIN/pg_ctl" -D "$1/data" -l "$1/log" -s -w -t 60 -m "${2:-fast}" restart >/dev/null 2>&1 ||
        { tail -20 "$1/log" >&2; die "restart failed"; }
    ;;
stop)
    stop "${1:-}"
    ;;
*)
    die "usage: run COMMAND... | start | restart DIR [fast|immediate] | stop DIR"
    ;;
esac
