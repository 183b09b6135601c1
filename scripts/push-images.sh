#!/usr/bin/env bash
# Builds the images of all services for amd64 and arm64, and pushes them to a registry, with SBOM and provenance.
case ${BASH_VERSION:-} in '' | [12].* | 3.[01].*) echo "push-images.sh needs bash 3.2 or newer: bash scripts/push-images.sh" >&2; exit 2 ;; esac
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/push-images.sh [--dry-run] REGISTRY VERSION

  scripts/push-images.sh ghcr.io/acme/millrace 1.2.0                                        GitHub
  scripts/push-images.sh docker.io/acme 1.2.0                                               Docker Hub
  scripts/push-images.sh 123456789012.dkr.ecr.eu-central-1.amazonaws.com/millrace 1.2.0     Amazon ECR

Builds and pushes REGISTRY/task-api:VERSION and so on. For ECR, it logs in and creates the repositories; for other
registries, use docker login first. --dry-run only shows the commands.

  PLATFORMS=linux/amd64   platforms to build for (linux/amd64,linux/arm64)
  ATTESTATIONS=no         omit SBOM and provenance, which some registries do not support
TEXT
}

# stop PROBLEM FIX
stop() {
  printf 'push-images.sh: %s\n  Fix: %s\n' "$1" "$2" >&2
  exit 1
}

dry_run=no
case ${1:-} in
  --help | -h) usage; exit 0 ;;
  --dry-run) dry_run=yes; shift ;;
esac
[ $# = 2 ] || { usage >&2; exit 2; }
registry=${1%/} version=$2 host=${1%%/*}
platforms=${PLATFORMS:-linux/amd64,linux/arm64} attestations=(--provenance mode=max --sbom true)
[ "${ATTESTATIONS:-yes}" != no ] || attestations=(--provenance false)

# Docker would reject such names too, but only after minutes of building.
printf '%s' "$version" | grep -qE '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$' || stop "$version is not a valid tag." "use a version such as 1.2.0"
printf '%s' "$registry" | grep -qE '^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]+)?$' || stop "$registry is not a valid registry name." "use only lowercase letters, digits and ./-_"
case $host in *.* | localhost*) ;; *) stop "$registry does not start with a registry's host." "for Docker Hub, use docker.io/$registry" ;; esac
case $version in
  latest | dev) stop "$version is not a version: you could not tell what is running, or roll back." "use a version such as 1.2.0" ;;
esac

run() {
  if [ "$dry_run" = yes ]; then printf '%q ' "$@"; echo; else "$@"; fi
}

services=()
for dockerfile in services/*/Dockerfile; do
  service=${dockerfile%/Dockerfile}
  services+=("${service#services/}")
done

# AWS passwords last half a day, and a push does not create a repository.
log_in_to_ecr() {
  local region=$1 service
  if [ "$dry_run" = yes ]; then
    echo "aws ecr get-login-password --region $region | docker login --username AWS --password-stdin $host"
  else
    command -v aws >/dev/null || stop "the AWS command line is not installed." "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
    aws ecr get-login-password --region "$region" | docker login --username AWS --password-stdin "$host" >/dev/null ||
      stop "AWS did not return a password for $host." "aws configure (or aws sso login), with an account that is allowed to push there"
  fi
  for service in "${services[@]}"; do
    if [ "$dry_run" = yes ] || ! aws ecr describe-repositories --region "$region" --repository-names "${registry#*/}/$service" >/dev/null 2>&1; then
      run aws ecr create-repository --region "$region" --repository-name "${registry#*/}/$service" --image-tag-mutability IMMUTABLE \
        --image-scanning-configuration scanOnPush=true
    fi
  done
}

# Docker records each login, even when a helper stores the password.
check_login() {
  local config=${DOCKER_CONFIG:-$HOME/.docker}/config.json name=$host
  [ "$host" != docker.io ] || name=https://index.docker.io/v1/
  grep -qF "\"$name\"" "$config" 2>/dev/null && return
  case $host in
    ghcr.io) stop "Docker is not logged in to ghcr.io." "a token with write:packages from https://github.com/settings/tokens: echo TOKEN | docker login ghcr.io -u YOU --password-stdin" ;;
    docker.io) stop "Docker is not logged in to Docker Hub." "docker login -u YOU" ;;
    localhost*) ;;
    *) stop "Docker is not logged in to $host." "docker login $host" ;;
  esac
}

# Docker's default builder supports only one platform at a time, and no attestations.
choose_builder() {
  [ "$dry_run" = no ] || return 0
  case $platforms,${ATTESTATIONS:-yes} in *,*,*) ;; *,no) return ;; esac
  case $(docker buildx inspect 2>/dev/null | awk '$1 == "Driver:" {print $2}') in
    docker-container | kubernetes | remote) ;;
    *)
      docker buildx inspect millrace >/dev/null 2>&1 || docker buildx create --name millrace --driver docker-container >/dev/null
      export BUILDX_BUILDER=millrace
      ;;
  esac
}

case $host in
  *.dkr.ecr.*.amazonaws.com*)
    region=${host#*.dkr.ecr.}
    log_in_to_ecr "${region%%.*}"
    ;;
  *) [ "$dry_run" = yes ] || check_login ;;
esac
choose_builder

revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
[ -z "$(git status --porcelain 2>/dev/null)" ] || echo "push-images.sh: there are uncommitted changes; the images will be labeled with the last commit." >&2

# A single build for all, so that shared stages are built once per platform.
options=(--set "*.platform=$platforms" --set "*.args.VERSION=$version" --set "*.args.REVISION=$revision")
for service in "${services[@]}"; do options+=(--set "$service.tags=$registry/$service:$version"); done
metadata=$(mktemp)
trap 'rm -f "$metadata"' EXIT
run docker buildx bake --file docker-compose.yaml "${options[@]}" --metadata-file "$metadata" "${attestations[@]}" --push "${services[@]}" ||
  stop "pushing the images failed: see above." "denied or unauthorized: docker login $host, with an account that can write to $registry; no disk space: docker builder prune"

[ "$dry_run" = no ] || exit 0
# For the steps of release.yaml that follow: what was pushed, by digest, because a tag could be moved in between.
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  digests=$(node -p 'JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(fs.readFileSync(process.argv[1]))).map(([name, image]) => [name, image["containerimage.digest"]])))' "$metadata")
  printf 'registry=%s\ndigests=%s\n' "$registry" "$digests" >>"$GITHUB_OUTPUT"
fi
cat <<TEXT
$registry has ${#services[@]} images of version $version. To deploy them, run:
  sed -i.bak -E 's#newName: .*/([a-z-]+),#newName: $registry/\1,#; s#newTag: [^ ]+#newTag: $version#' overlays/prod/kustomization.yaml
  ./deploy.sh --context YOUR_CLUSTER --overlay prod
TEXT
