#!/usr/bin/env bash
# Replaces the running replicas of services, one service after the other, without a failed request: each gets as many new
# replicas as it has, from its present image and settings; when they are healthy, the old ones go.
#   docker compose build && scripts/roll.sh task-api web-gateway
# Nginx, PostgreSQL and Redis have one replica and a port or volume of their own: they cannot be rolled.
set -euo pipefail
[ $# -gt 0 ] || { echo "Usage: scripts/roll.sh SERVICE..." >&2; exit 2; }
cd "$(dirname "$0")/.."

for service; do
  mapfile -t old < <(docker compose ps --quiet --status running "$service")
  [ "${#old[@]}" -gt 0 ] || { echo "$service is not running" >&2; exit 1; }
  docker compose up --detach --wait --no-deps --no-recreate --scale "$service=$((2 * ${#old[@]}))" "$service"
  docker stop "${old[@]}" >/dev/null
  docker rm "${old[@]}" >/dev/null
  echo "$service: ${#old[@]} replaced"
done
