# shellcheck shell=bash
# The minimum versions; the README lists them under "Requirements".

# at_least VERSION MINIMUM, with a minimum of MAJOR.MINOR. True for a version without numbers, such as that of a custom build.
at_least() {
  awk -v have="${1#v}" -v oldest="$2" 'BEGIN {
    if (have !~ /^[0-9]/) exit 0
    split(have, h, /[^0-9]+/)
    split(oldest, o, ".")
    exit !(h[1] + 0 > o[1] + 0 || (h[1] + 0 == o[1] + 0 && h[2] + 0 >= o[2] + 0))
  }'
}

# Engine 26 and Compose 2.26 mount one folder of a volume (volume.subpath); 25 and 2.24 would be enough for the rest.
check_docker_versions() {
  local engine compose
  engine=$(docker version --format '{{.Server.Version}}' 2>/dev/null) || true
  at_least "$engine" 26.0 ||
    stop "Docker Engine $engine is too old: 26.0 or newer is needed." "https://docs.docker.com/engine/install/ (Docker Desktop: 4.29 or newer)"
  compose=$(docker compose version --short 2>/dev/null) ||
    stop "Docker has no Compose plugin." "https://docs.docker.com/compose/install/ (docker-compose with a hyphen is the old one)"
  at_least "$compose" 2.26 ||
    stop "Docker Compose $compose is too old: 2.26 or newer is needed." "https://docs.docker.com/compose/install/ (Docker Desktop: 4.29 or newer)"
}

# kubectl works with clusters one minor version newer or older than itself.
check_kubectl_version() {
  at_least "$1" 1.29 || stop "kubectl $1 is too old: 1.29 or newer is needed." "https://kubernetes.io/docs/tasks/tools/#kubectl"
}
