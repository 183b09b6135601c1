# shellcheck shell=bash disable=SC2154
# Images: built by Compose, and handed to a cluster that does not share them with Docker. A note on the nodes says which
# were handed over, by their ids: only what has changed is loaded, and only its pods are replaced.

hand_over_images() {
  local all image
  all=$(sed -n 's/^ *-* *image: *//p' "$work/manifests.yaml" | sort -u)
  own=$(printf '%s\n' "$all" | grep '^millrace/' || true)
  : >"$work/images"
  : >"$work/changed"
  for image in $(printf '%s\n' "$all" | grep '^ghcr.io/acme/'); do
    { [ "$family" != remote ] && docker image inspect "$image" >/dev/null 2>&1; } ||
      stop "$manifests names the registry ghcr.io/acme, which stands for yours." "put your own into overlays/prod/kustomization.yaml, and the images there: scripts/push-images.sh"
  done
  if [ "$family" = remote ]; then
    [ -z "$own" ] || stop "The cluster of context $context is elsewhere, and has no way to the images of this machine: $(echo "$own" | head -1), ..." \
      "push them: scripts/push-images.sh REGISTRY VERSION; name the registry in overlays/prod/kustomization.yaml; then --overlay prod"
    return
  fi
  check_docker
  [ "$build" = no ] || [ -z "$own" ] || build_images
  for image in $own; do
    docker image inspect "$image" >/dev/null 2>&1 || stop "$manifests asks for the image $image, which Docker does not have$(what_is_there "$image")." "$(fix_for_image "$image")"
  done
  # Those of PostgreSQL, Redis and Nginx too when Docker has them; else the cluster pulls them.
  for image in $all; do
    docker image inspect --format "$image={{.Id}}" "$image" 2>/dev/null || true
  done >"$work/images"
  note_changed
  [ -s "$work/changed" ] || { echo "    the cluster has them all"; return; }
  [ "$family" = shared ] || load_images
}

# The tag is the manifests', whatever .env says.
build_images() {
  check_docker_versions
  step "Building the images"
  local progress=--progress=quiet
  [ ! -t 1 ] || progress=--progress=auto
  VERSION=dev docker compose "$progress" build || stop "The images were not built: see above." "fix that, or take them as they are: ./deploy.sh --no-build"
}

what_is_there() {
  local tags
  tags=$(docker image ls --format '{{.Repository}}:{{.Tag}}' "${1%:*}" | tr '\n' ' ')
  [ -z "$tags" ] || echo "; it has ${tags% }"
}

fix_for_image() {
  if [ "${1##*:}" != dev ]; then
    echo "the build makes ${1%:*}:dev: correct the tag in $(grep -l "image: *$1\$" k8s/*.yaml | head -1)"
  elif [ "$build" = no ]; then
    echo "./deploy.sh without --no-build"
  else
    echo "name it in docker-compose.yaml, or correct the name in $(grep -l "image: *$1\$" k8s/*.yaml | head -1)"
  fi
}

# Into $work/changed, the images that a node has not, or has in another version.
note_changed() {
  local image
  kube get nodes -o "$(template node-images)" | sort -u >"$work/noted"
  # Kubelets forget images too, when the disk is full.
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
  step "Handing images to the cluster: ${#images[@]}"
  case $family in
    kind) kind load docker-image --name "$name" "${images[@]}" >"$work/load" 2>&1 || load_archive "$name" "${images[@]}" ;;
    k3d) k3d image import --cluster "$name" "${images[@]}" ;;
    minikube) for image in "${images[@]}"; do minikube --profile "$name" image load "$image"; done ;;
  esac
}

# With Docker's containerd image store, `kind load docker-image` fails on images that are there for this platform only
# (kubernetes-sigs/kind#3795). An archive of this platform alone it takes.
load_archive() {
  local name=$1 platform
  shift
  platform=$(docker version --format '{{.Server.Os}}/{{.Server.Arch}}')
  docker image save --platform "$platform" --output "$work/images.tar" "$@" && kind load image-archive --name "$name" "$work/images.tar" && return
  cat "$work/load" >&2
  stop "The images could not be handed to the cluster: see above." "look at the space on its node: docker exec $name-control-plane df -h /"
}

# Same tag, other content: Kubernetes sees no difference, so the pods are replaced by hand. Not at the first deployment,
# and not those of PostgreSQL and Redis.
restart_changed() {
  local name
  awk 'NR == FNR {changed[$1]; next} $2 ~ /^millrace\// && $2 in changed {print $1}' "$work/changed" "$work/before" |
    while read -r name; do
      echo "    replacing the pods of $name: it has a new image"
      kube -n "$namespace" rollout restart "$name" >/dev/null
    done
}

# Which Deployment and StatefulSet runs which image now, before anything is applied.
note_what_runs() {
  kube -n "$namespace" get deployments,statefulsets -o "$(template workload-images)" >"$work/before"
}
