#!/usr/bin/env bash
# PostgreSQL on loopback from the system's packages: postgres.sh start | stop | kill | status | url
#
# POSTGRES_PORT (5433) chooses the port, SERVICES_DIR where data and log are kept (.services in the
# repository). Run by root it works as the user "postgres", otherwise as whoever runs it. Starting what
# runs already does nothing. The database "dipemu" belongs to the role "dipemu", which loopback
# connections may use without a password: this is a server for development and tests.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
services=${SERVICES_DIR:-$here/../../.services}
mkdir -p "$services"
services=$(cd "$services" && pwd)
port=${POSTGRES_PORT:-5433}
home=$services/postgres-$port
data=$home/data

as_owner() {
    if [[ $(id -u) == 0 ]]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

find_programs() {
    local found
    found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
    if [[ -n $found && -x $found/initdb ]]; then
        echo "$found"
    elif command -v initdb >/dev/null; then
        dirname "$(readlink -f "$(command -v initdb)")"
    fi
}

install_programs() {
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        echo "postgres.sh: the PostgreSQL server is missing: install the package postgresql" >&2
        exit 3
    fi
    # The package would start a cluster of its own on port 5432; nobody asked for that one.
    mkdir -p /etc/postgresql-common/createcluster.d
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/dipemu.conf
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >&2
}

answers() { "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"; }

initialise() {
    [[ -f $data/PG_VERSION ]] && return
    mkdir -p "$home"
    [[ $(id -u) == 0 ]] && chown postgres "$home"
    as_owner test -w "$home" || {
        echo "postgres.sh: the user postgres cannot reach $home: set SERVICES_DIR to a place it can" >&2
        exit 3
    }
    as_owner "$programs/initdb" -D "$data" -U dipemu --auth=trust -E UTF8 --locale=C.UTF-8 >/dev/null
}

start() {
    initialise
    if ! answers; then
        as_owner "$programs/pg_ctl" -D "$data" -l "$home/output.log" -w -t 60 -s \
            -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= -c max_connections=200" \
            start 9>&- </dev/null
    fi
    "$programs/psql" -h 127.0.0.1 -p "$port" -U dipemu -d postgres -tAqc \
        "SELECT 1 FROM pg_database WHERE datname = 'dipemu'" | grep -q 1 ||
        "$programs/createdb" -h 127.0.0.1 -p "$port" -U dipemu dipemu
    echo "PostgreSQL runs on 127.0.0.1:$port"
}

end() { # end MODE: fast or immediate
    if [[ -f $data/postmaster.pid ]]; then
        as_owner "$programs/pg_ctl" -D "$data" -m "$1" -w -t 60 -s stop || true
    fi
    echo "PostgreSQL is stopped"
}

exec 9>"$services/postgres-$port.lock"
flock 9
programs=$(find_programs)
if [[ -z $programs && ${1:-} == start ]]; then
    install_programs
    programs=$(find_programs)
fi
if [[ $(id -u) == 0 ]] && id postgres >/dev/null 2>&1 && ! as_owner test -x "$services"; then
    # The repository lies where the user "postgres" may not go, under /root for example.
    services=/var/tmp/dipemu-$(cksum <<<"$services" | cut -d ' ' -f 1)
    home=$services/postgres-$port
    data=$home/data
    mkdir -p "$home"
fi
case ${1:-} in
    start) start ;;
    stop) end fast ;;
    kill) end immediate ;;
    status) answers && echo "PostgreSQL runs on 127.0.0.1:$port" ;;
    url) echo "postgresql+asyncpg://dipemu@127.0.0.1:$port/dipemu" ;;
    *) echo "usage: postgres.sh start | stop | kill | status | url" >&2; exit 2 ;;
esac
