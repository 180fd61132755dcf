#!/usr/bin/env bash
# Apache Kafka on loopback from its published jars: kafka.sh start | stop | kill | status
#
# KAFKA_PORT (9092) and KAFKA_CONTROLLER_PORT (9093) choose the ports, SERVICES_DIR where the jars, the
# data and the log are kept (.services in the repository). Starting what runs already does nothing.
# "kill" ends the broker without giving it time to tidy up; data survive and "start" brings it back.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
services=${SERVICES_DIR:-$here/../../.services}
mkdir -p "$services"
services=$(cd "$services" && pwd)
port=${KAFKA_PORT:-9092}
controller_port=${KAFKA_CONTROLLER_PORT:-9093}
jars=$services/kafka-jars
home=$services/kafka-$port
pid_file=$home/pid
output=$home/output.log

running() { [[ -f $pid_file ]] && kill -0 "$(<"$pid_file")" 2>/dev/null; }

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

need() {
    command -v "$1" >/dev/null && return
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        echo "kafka.sh: $1 is missing: install $2" >&2
        exit 3
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >&2
}

fetch_jars() {
    [[ -f $jars/complete && $jars/complete -nt $here/pom.xml ]] && return
    need java openjdk-17-jre-headless
    need mvn maven
    rm -rf "$jars"
    mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$jars"
    touch "$jars/complete"
}

format() {
    mkdir -p "$home"
    sed -e "s|@PORT@|$port|g; s|@CONTROLLER_PORT@|$controller_port|g; s|@DATA@|$home/data|g" \
        "$here/server.properties" >"$home/server.properties"
    [[ -f $home/data/meta.properties ]] && return
    local cluster
    cluster=$(java -cp "$jars/*" kafka.tools.StorageTool random-uuid 2>/dev/null)
    java -cp "$jars/*" kafka.tools.StorageTool format -t "$cluster" -c "$home/server.properties" >>"$output" 2>&1
}

start() {
    if running && answers; then
        echo "Kafka runs on 127.0.0.1:$port"
        return
    fi
    fetch_jars
    format
    : >"$output"
    setsid java -Xms256m -Xmx512m -Dorg.slf4j.simpleLogger.showDateTime=true -cp "$jars/*" \
        kafka.Kafka "$home/server.properties" >>"$output" 2>&1 </dev/null 9>&- &
    echo $! >"$pid_file"
    await_started
    echo "Kafka runs on 127.0.0.1:$port"
}

await_started() {
    for _ in {1..600}; do
        if ! running; then
            echo "kafka.sh: the broker ended while starting; its last words:" >&2
            tail -n 20 "$output" >&2
            exit 3
        fi
        grep -q "Kafka Server started" "$output" && answers && return
        sleep 0.1
    done
    echo "kafka.sh: the broker was not ready within 60 s; see $output" >&2
    exit 3
}

end() { # end SIGNAL: send it and wait until the process is gone
    if running; then
        local pid
        pid=$(<"$pid_file")
        kill "-$1" "$pid"
        for _ in {1..300}; do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -f "$pid_file"
    echo "Kafka is stopped"
}

exec 9>"$services/kafka-$port.lock"
flock 9
case ${1:-} in
    start) start ;;
    stop) end TERM ;;
    kill) end KILL ;;
    status) running && answers && echo "Kafka runs on 127.0.0.1:$port" ;;
    *) echo "usage: kafka.sh start | stop | kill | status" >&2; exit 2 ;;
esac
