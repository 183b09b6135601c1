# shellcheck shell=bash disable=SC2154
# Compose builds the images; clusters that do not share Docker's images get them loaded. An annotation on the nodes records the ids of
# the loaded images, so that only changed images are loaded and only their pods replaced.

hand_over_images() {
  local all image
  all=$(sed -n 's/^ *-* *image: *//p' "$work/manifests.yaml" | sort -u)
  own=$(printf '%s\n' "$all" | grep '^millrace/' || true)
  : >"$work/images"
  : >"$work/changed"
  for image in $(printf '%s\n' "$all" | grep '^ghcr.io/acme/'); do
    { [ "$family" != remote ] && docker image inspect "$image" >/dev/null 2>&1; } ||
      stop "$manifests has the placeholder registry ghcr.io/acme." "push the images with scripts/push-images.sh, and set your registry in overlays/prod/kustomization.yaml"
  done
  if [ "$family" = remote ]; then
    [ -z "$own" ] || stop "The cluster of context $context is remote and cannot get images from this machine: $(echo "$own" | head -1), ..." \
      "push them: scripts/push-images.sh REGISTRY VERSION; name the registry in overlays/prod/kustomization.yaml; then --overlay prod"
    return
  fi
  check_docker
  [ "$build" = no ] || [ -z "$own" ] || build_images
  for image in $own; do
    docker image inspect "$image" >/dev/null 2>&1 || stop "$manifests asks for the image $image, which Docker does not have$(what_is_there "$image")." "$(fix_for_image "$image")"
  done
  # Also those of PostgreSQL, Redis and Nginx, if Docker has them; otherwise the cluster pulls them.
  for image in $all; do
    docker image inspect --format "$image={{.Id}}" "$image" 2>/dev/null || true
  done >"$work/images"
  note_changed
  [ -s "$work/changed" ] || { echo "    the cluster already has them all"; return; }
  [ "$family" = shared ] || load_images
}

# The manifests decide the tag, not .env.
build_images() {
  check_docker_versions
  step "Building the images"
  local progress=--progress=quiet
  [ ! -t 1 ] || progress=--progress=auto
  VERSION=dev docker compose "$progress" build || stop "Building the images failed: see above." "fix it, or use the existing images: ./deploy.sh --no-build"
}

what_is_there() {
  local tags
  tags=$(docker image ls --format '{{.Repository}}:{{.Tag}}' "${1%:*}" | tr '\n' ' ')
  [ -z "$tags" ] || echo "; it has ${tags% }"
}

fix_for_image() {
  if [ "${1##*:}" != dev ]; then
    echo "the build creates ${1%:*}:dev: correct the tag in $(grep -l "image: *$1\$" k8s/*.yaml | head -1)"
  elif [ "$build" = no ]; then
    echo "./deploy.sh without --no-build"
  else
    echo "add it to docker-compose.yaml, or correct the name in $(grep -l "image: *$1\$" k8s/*.yaml | head -1)"
  fi
}

# Writes the images that a node lacks, or has in another version, to $work/changed.
note_changed() {
  local image
  kube get nodes -o "$(template node-images)" | sort -u >"$work/noted"
  # Kubelets delete images when the disk is full.
  kube get nodes -o jsonpath='{range .items[*].status.images[*]}{.names}{"\n"}{end}' >"$work/present"
  while read -r image; do
    if [ "$(grep -vc -F " $image " "$work/noted")" -gt 0 ] || ! grep -q "[\"/]${image%%=*}\"" "$work/present"; then echo "${image%%=*}"; fi
  done <"$work/images" >"$work/changed"
}

remember_images() {
  [ -s "$work/images" ] || return 0
  kube annotate nodes --all --overwrite "millrace/images= $(tr '\n' ' ' <"$work/images")" >/dev/null
}

load_images() {
  local images=() image name
  while read -r image; do images+=("$image"); done <"$work/changed"
  name=$(name_of "$context")
  step "Loading images into the cluster: ${#images[@]}"
  case $family in
    kind) kind load docker-image --name "$name" "${images[@]}" >"$work/load" 2>&1 || load_archive "$name" "${images[@]}" ;;
    k3d) k3d image import --cluster "$name" "${images[@]}" ;;
    minikube) for image in "${images[@]}"; do minikube --profile "$name" image load "$image"; done ;;
  esac
}

# With Docker's containerd image store, `kind load docker-image` fails for images that exist only for this platform
# (kubernetes-sigs/kind#3795). An archive of only this platform works.
load_archive() {
  local name=$1 platform
  shift
  platform=$(docker version --format '{{.Server.Os}}/{{.Server.Arch}}')
  docker image save --platform "$platform" --output "$work/images.tar" "$@" && kind load image-archive --name "$name" "$work/images.tar" && return
  cat "$work/load" >&2
  stop "Loading the images into the cluster failed: see above." "check the disk space on its node: docker exec $name-control-plane df -h /"
}

# With the same tag but another image, Kubernetes sees no difference, so this replaces the pods. Not at the first deployment,
# and not those of PostgreSQL and Redis.
restart_changed() {
  local name
  awk 'NR == FNR {changed[$1]; next} $2 ~ /^millrace\// && $2 in changed {print $1}' "$work/changed" "$work/before" |
    while read -r name; do
      echo "    replacing the pods of $name, which has a new image"
      kube -n "$namespace" rollout restart "$name" >/dev/null
    done
}

# Records which Deployment and StatefulSet runs which image before anything is applied.
note_what_runs() {
  kube -n "$namespace" get deployments,statefulsets -o "$(template workload-images)" >"$work/before"
}
