# shellcheck shell=bash disable=SC2154
# Chooses the cluster. Sets `context`, and `family`: kind, minikube, k3d, shared (its images are Docker's) or remote.

own_name=millrace

kube() { kubectl --context "$context" "$@"; }

# answers CONTEXT
answers() { kubectl --context "$1" get --raw /readyz --request-timeout=5s >/dev/null 2>&1; }
known() { kubectl config get-contexts -o name 2>/dev/null | grep -qxF "$1"; }

# Recognizes development clusters only by their tools' names, because 127.0.0.1 may be a tunnel to production.
family_of() {
  case $1 in
    kind-*) echo kind ;;
    k3d-*) echo k3d ;;
    docker-desktop | orbstack | rancher-desktop | colima | colima-*) echo shared ;;
    *)
      # Users can name minikube's contexts freely, but minikube marks them.
      case $(kubectl config view -o jsonpath="{.contexts[?(@.name=='$1')].context.extensions[*].extension.provider}") in
        *minikube*) echo minikube ;;
        *) echo remote ;;
      esac
      ;;
  esac
}

# The name of a context's cluster in kind, minikube or k3d.
name_of() {
  case $1 in
    kind-*) echo "${1#kind-}" ;;
    k3d-*) echo "${1#k3d-}" ;;
    *) echo "$1" ;;
  esac
}

# choose_cluster [existing]: with `existing`, it creates none.
choose_cluster() {
  local current
  if [ -n "$context" ]; then
    known "$context" || stop "kubectl has no context named $context." "choose one of: $(kubectl config get-contexts -o name | tr '\n' ' ')"
  elif [ -n "$cluster" ]; then
    own_cluster "$cluster" "${1:-}"
  else
    current=$(kubectl config current-context 2>/dev/null || true)
    if [ -z "$current" ]; then
      :
    elif [ "$(family_of "$current")" = remote ]; then
      echo "The current context $current is not a development cluster, so it is left alone. To deploy there: --context $current"
    elif answers "$current"; then
      context=$current
    else
      echo "The cluster of the current context $current does not respond, so it is left alone."
    fi
    [ -n "$context" ] || own_cluster "" "${1:-}"
  fi
  answers "$context" || stop "The cluster of context $context does not respond." "start it, or choose another with --context or --cluster"
  family=$(family_of "$context")
}

# own_cluster KIND|'' [existing]: the cluster named millrace; created if necessary and allowed.
own_cluster() {
  local tool=$1
  if [ "$tool" != minikube ] && answers "kind-$own_name"; then context=kind-$own_name; return; fi
  if [ "$tool" != kind ] && answers "$own_name" && [ "$(family_of "$own_name")" = minikube ]; then context=$own_name; return; fi
  [ "${2:-}" != existing ] || stop "There is no cluster." "./deploy.sh creates one; --context NAME uses another"
  if [ -z "$tool" ]; then
    if command -v kind >/dev/null; then tool=kind; elif command -v minikube >/dev/null; then tool=minikube; fi
  fi
  case $tool in
    kind) make_kind ;;
    minikube) make_minikube ;;
    *)
      stop "No cluster responds, and neither kind nor minikube is installed to create one." \
        "install kind (brew install kind, or https://kind.sigs.k8s.io/docs/user/quick-start/#installation) and run ./deploy.sh again"
      ;;
  esac
  # So that --delete knows who created it.
  kube annotate nodes --all --overwrite millrace/made-by=deploy.sh >/dev/null
}

make_kind() {
  command -v kind >/dev/null || stop "kind is not installed." "brew install kind, or https://kind.sigs.k8s.io/docs/user/quick-start/#installation"
  check_docker
  context=kind-$own_name
  if kind get clusters 2>/dev/null | grep -qx "$own_name"; then
    kind export kubeconfig --name "$own_name"
    answers "$context" || stop "The kind cluster $own_name exists but does not respond." \
      "docker start $own_name-control-plane, or start over, which deletes its data: kind delete cluster --name $own_name"
    return
  fi
  check_port
  step "Making the kind cluster $own_name"
  sed "s/hostPort: 8080/hostPort: $http_port/" kind/cluster.yaml >"$work/kind.yaml"
  kind create cluster --name "$own_name" --config "$work/kind.yaml" --wait 120s
}

make_minikube() {
  command -v minikube >/dev/null || stop "minikube is not installed." "brew install minikube, or https://minikube.sigs.k8s.io/docs/start/"
  check_port
  context=$own_name
  step "Making the minikube cluster $own_name"
  # Calico, because minikube's default network does not enforce NetworkPolicies. The port is for the docker driver; others have an address.
  minikube start --profile "$own_name" --cpus 2 --memory 4g --cni calico --addons metrics-server,ingress \
    --ports "127.0.0.1:$http_port:30080"
}

made_here() { kube get nodes -o jsonpath='{.items[*].metadata.annotations}' 2>/dev/null | grep -q '"millrace/made-by":"deploy.sh"'; }

delete_cluster() {
  case $family in
    kind) kind delete cluster --name "$(name_of "$context")" ;;
    minikube) minikube delete --profile "$(name_of "$context")" ;;
  esac
}
