#!/usr/bin/env bash
# Replaces the running replicas of services, one service after the other, without a failed request: it starts as many new
# replicas from the current image and settings, and removes the old ones when those are healthy.
#   docker compose build && scripts/roll.sh task-api web-gateway
# Nginx, PostgreSQL and Redis have a single replica with its own port or volume, so they cannot be rolled.
case ${BASH_VERSION:-} in '' | [12].* | 3.[01].*) echo "roll.sh needs bash 3.2 or newer: bash scripts/roll.sh" >&2; exit 2 ;; esac
set -euo pipefail
[ $# -gt 0 ] || { echo "Usage: scripts/roll.sh SERVICE..." >&2; exit 2; }
cd "$(dirname "$0")/.."
for part in messages versions; do
  # shellcheck source=/dev/null
  . "scripts/deploy/$part.sh"
done

command -v docker >/dev/null || stop "docker is not installed." "https://docs.docker.com/get-started/get-docker/"
check_docker_versions
for service; do
  old=$(docker compose ps --quiet --status running "$service")
  [ -n "$old" ] || stop "$service is not running." "docker compose up --detach --wait"
  # New replicas wait for it, and old ones keep working with the new schema.
  if docker compose config --services | grep -qx "$service-migrate"; then
    docker compose run --rm --no-deps "$service-migrate"
  fi
  count=$(printf '%s\n' "$old" | wc -l)
  docker compose up --detach --wait --no-deps --no-recreate --scale "$service=$((2 * count))" "$service"
  # Nginx skips a replica for 4 s if it was not listening at the first attempt (nginx/upstreams.compose.conf).
  sleep 6
  # shellcheck disable=SC2086 # ids, one per line
  docker stop $old >/dev/null
  # shellcheck disable=SC2086
  docker rm $old >/dev/null
  echo "$service: $((count)) replaced"
done
