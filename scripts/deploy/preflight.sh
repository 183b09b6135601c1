# shellcheck shell=bash disable=SC2154
# Checks the prerequisites before anything is changed. Problems that are not fatal are warnings.

check_programs() {
  command -v kubectl >/dev/null || stop "kubectl is not installed." "https://kubernetes.io/docs/tasks/tools/#kubectl"
  command -v curl >/dev/null || stop "curl is not installed." "install it with your package manager"
}

check_docker() {
  command -v docker >/dev/null || stop "docker is not installed; it builds the images." "https://docs.docker.com/get-started/get-docker/"
  docker info >/dev/null 2>&1 || stop "Docker does not respond." \
    "start it (Docker Desktop, or: sudo systemctl start docker); on Linux you must be in the group docker: sudo usermod -aG docker $(id -un)"
}

# The port for the new cluster must be free.
check_port() {
  if (exec 3<>"/dev/tcp/127.0.0.1/$http_port") 2>/dev/null; then
    stop "Port $http_port of this machine is in use$(who_listens)." "stop that program, or use another port: HTTP_PORT=$((http_port + 1)) ./deploy.sh"
  fi
}

who_listens() {
  local program
  program=$(lsof -nP -iTCP:"$http_port" -sTCP:LISTEN 2>/dev/null | awk 'NR == 2 {print $1 ", process " $2}') || true
  [ -z "$program" ] || echo " by $program"
}

preflight() {
  local versions version nodes
  versions=$(kube version -o yaml 2>/dev/null || true)
  check_kubectl_version "$(version_of client)"
  version=$(version_of server)
  nodes=$(kube get nodes --no-headers 2>/dev/null | wc -l | tr -d ' ')
  step "Context $context: Kubernetes $version, $nodes $([ "$nodes" = 1 ] && echo node || echo nodes)"
  check_version "$version"
  check_overlay
  check_nodes
  check_storage
  check_room
  check_node_port
  check_addons
}

# version_of client|server: extracts it from the output of kubectl in $versions.
version_of() {
  printf '%s\n' "$versions" | awk -v who="$1" '/^[a-zA-Z]+:/ {mine = $1 == who "Version:"} mine && /gitVersion:/ {print $2}'
}

check_version() {
  local minor=${1#v*.}
  minor=${minor%%.*}
  [ "$minor" -ge 30 ] || stop "Kubernetes $1 is too old: pods use preStop.sleep, which needs 1.30." "upgrade the cluster"
}

check_overlay() {
  local secret
  if [ "$overlay" = keda ]; then
    kube get crd scaledobjects.keda.sh >/dev/null 2>&1 ||
      stop "The overlay keda needs KEDA, which is not installed in this cluster." \
        "helm install keda kedacore/keda --repo https://kedacore.github.io/charts -n keda --create-namespace"
  fi
  kubectl kustomize "${manifests%/}" >"$work/manifests.yaml" || stop "$manifests cannot be rendered: see above." "fix the file it names"
  for secret in $(missing_secrets); do
    stop "$manifests uses the Secret $secret, which is neither in its files nor in the cluster." \
      "create it before you deploy: docs/KUBERNETES_DEPLOYMENT.md#your-own-secrets"
  done
  for secret in $(made_secrets); do
    case $(kind_of_secret "$secret") in
      '' | *'development only') ;;
      *) stop "The Secret $secret in the cluster has your own passwords, and $manifests has those for development." \
        "deploy with your own passwords (./deploy.sh --overlay prod), or start over with those for development: kubectl --context $context -n $namespace delete secret $secret" ;;
    esac
  done
}

made_secrets() { sed -n 's/^made //p' "$work/secrets" | sort -u; }

# kind_of_secret NAME: its type, and what it is for; nothing if there is no such Secret.
kind_of_secret() {
  kube -n "$namespace" get secret "$1" --ignore-not-found -o 'jsonpath={.type} {.metadata.annotations.millrace/for}'
}

# The Secrets that pods mount but that do not exist.
missing_secrets() {
  local name
  of_manifests manifest-secrets >"$work/secrets"
  sed -n 's/^used //p' "$work/secrets" | sort -u | while read -r name; do
    grep -qx "made $name" "$work/secrets" || kube -n "$namespace" get secret "$name" >/dev/null 2>&1 || echo "$name"
  done
}

# Secrets made by an earlier release's scripts/make-kubernetes-secrets.sh lack the passwords of Redis users that were added later.
complete_secrets() {
  grep -qx 'used redis' "$work/secrets" || return 0
  ! grep -qx 'made redis' "$work/secrets" || return 0
  [ -z "$(kube -n "$namespace" get secret redis -o 'jsonpath={.data.task_api_url}')" ] || return 0
  step "Adding what this release needs to the Secret redis"
  scripts/make-kubernetes-secrets.sh --context "$context" >"$work/made-secrets.yaml"
  kube apply -f "$work/made-secrets.yaml"
}

# Those for development had another type in an earlier release, and it cannot be changed.
remove_old_secrets() {
  local secret
  for secret in $(made_secrets); do
    case $(kind_of_secret "$secret") in 'Opaque development only') kube -n "$namespace" delete secret "$secret" >/dev/null ;; esac
  done
}

# of_manifests TEMPLATE: formats each object that will be applied.
of_manifests() { kube create --dry-run=client --validate=false -f "$work/manifests.yaml" -o "$(template "$1")"; }

check_nodes() {
  local state
  state=$(kube get nodes -o "$(template node-conditions)")
  case $state in
    *DiskPressure*) stop "A node is running out of disk space: $state." "free some: docker system prune (Docker Desktop: enlarge the disk in Settings, Resources)" ;;
    *MemoryPressure*) warn "A node is running out of memory: $state." "$(fix_for_memory)" ;;
    *NotReady*) warn "A node is not ready: $state." "kubectl --context $context describe nodes" ;;
  esac
}

check_storage() {
  kube get storageclass -o yaml | grep -q 'is-default-class: "true"' && return
  [ -z "$(kube -n "$namespace" get pvc -o name 2>/dev/null)" ] || return 0
  stop "There is no default StorageClass: the volumes of PostgreSQL and Redis would stay Pending." "$(fix_for_storage_class)"
}

fix_for_storage_class() {
  local first
  first=$(kube get storageclass -o name 2>/dev/null | head -1)
  case $family:$first in
    minikube:) echo "minikube -p $context addons enable storage-provisioner && minikube -p $context addons enable default-storageclass" ;;
    *:) echo "install one (your cloud's CSI driver, or https://github.com/rancher/local-path-provisioner), and make it the default" ;;
    *)
      echo "kubectl --context $context annotate $first storageclass.kubernetes.io/is-default-class=true"
      ;;
  esac
}

fix_for_memory() {
  case $family in
    kind | k3d | shared) echo "give Docker more (Docker Desktop: Settings, Resources), or stop other containers" ;;
    minikube) echo "create a larger cluster: minikube -p $context delete && minikube -p $context start --cpus 4 --memory 6g" ;;
    *) echo "add more or larger nodes" ;;
  esac
}

# Compares what the nodes have left beside other pods with what ours request, in MiB of memory and thousandths of a CPU.
check_room() {
  local free wanted
  free=$({
    kube get nodes -o "$(template node-room)"
    kube get pods --all-namespaces --field-selector="metadata.namespace!=$namespace,status.phase!=Succeeded,status.phase!=Failed" \
      -o "$(template pod-requests)"
  } | sum_resources)
  wanted=$(of_manifests manifest-requests | with_autoscalers | sum_resources)
  echo "    free: ${free#* } MiB of memory, ${free% *}m of CPU; requested: ${wanted#* } MiB, ${wanted% *}m"
  if [ "${wanted#* }" -gt "${free#* }" ]; then
    short "too little memory: ${free#* } MiB are free, and the pods request ${wanted#* } MiB" "$(fix_for_memory)"
  fi
  if [ "${wanted% *}" -gt "${free% *}" ]; then
    short "too little CPU: ${free% *}m are free, and the pods request ${wanted% *}m" "$(fix_for_memory)"
  fi
}

# Remote clusters may add nodes on demand.
short() { if [ "$family" = remote ]; then warn "The cluster has $1." "$2"; else stop "The cluster has $1." "$2"; fi; }

# A workload has at least the minimum replicas of its autoscaler.
with_autoscalers() {
  awk '
    $1 == "at-least" { least[$2] = $3 }
    $1 == "pods" { line[++lines] = $0 }
    END { for (i = 1; i <= lines; i++) { split(line[i], f); print (f[2] in least ? least[f[2]] : f[3]), f[4], f[5] } }'
}

# Sums lines of FACTOR CPU MEMORY, in Kubernetes quantities, into one line "CPU MEMORY".
sum_resources() {
  awk '
    function milli(q) { return q ~ /m$/ ? q + 0 : q * 1000 }
    function mebi(q) {
      if (q ~ /Ki$/) return q / 1024
      if (q ~ /Mi$/) return q + 0
      if (q ~ /Gi$/) return q * 1024
      if (q ~ /Ti$/) return q * 1048576
      if (q ~ /k$/) return q * 1e3 / 1048576
      if (q ~ /M$/) return q * 1e6 / 1048576
      if (q ~ /G$/) return q * 1e9 / 1048576
      return q / 1048576
    }
    { cpu += $1 * milli($2); memory += $1 * mebi($3) }
    END { printf "%d %d\n", cpu, memory }'
}

check_node_port() {
  local port other
  port=$(sed -n 's/^ *nodePort: *//p' "$work/manifests.yaml" | head -1)
  [ -n "$port" ] || return 0
  other=$(kube get services --all-namespaces -o "$(template node-ports)" |
    awk -v own="$namespace/" -v port="$port" '$1 == port && index($2, own) != 1 {print $2}')
  [ -z "$other" ] || stop "NodePort $port is in use by the Service $other." \
    "delete that Service, or change nodePort in k8s/nginx.yaml and containerPort in kind/cluster.yaml"
}

check_addons() {
  kube get --raw /apis/metrics.k8s.io/v1beta1/nodes >/dev/null 2>&1 ||
    warn "There is no metrics server: HPAs show <unknown> and do not scale." "$(fix_for_metrics)"
  [ -n "$(kube get ingressclass -o name 2>/dev/null)" ] ||
    warn "There is no Ingress controller: task-user.local and millrace.local do not work, but the URL printed at the end does." "docs/KUBERNETES_DEPLOYMENT.md#ingress"
  if [ "$family" = minikube ] && ! kube -n kube-system get daemonsets -o name | grep -qE 'calico|cilium'; then
    warn "This minikube cluster has no network plugin that enforces NetworkPolicies." "./deploy.sh --cluster minikube creates one that does"
  fi
}

fix_for_metrics() {
  case $family in
    kind) echo "kubectl --context $context apply -k kind/metrics-server" ;;
    minikube) echo "minikube -p $context addons enable metrics-server" ;;
    *) echo "kubectl --context $context apply -f https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml" ;;
  esac
}

# The fix for a failed kubectl apply, by its messages in $work/errors.
fix_for_refusal() {
  case $(cat "$work/errors") in
    *"unknown field"*) echo "a field is misspelled: npm test -- tests/k8s names the file" ;;
    *"already allocated"*) echo "the NodePort belongs to another Service: kubectl --context $context get services -A | grep 30080" ;;
    *"being terminated"*) echo "the namespace is still being deleted: wait until it is gone, then run ./deploy.sh again" ;;
    *"spec: Forbidden"* | *"field is immutable"*) echo "a field cannot be changed in place: delete that object (volumes stay) and run ./deploy.sh again" ;;
    *orbidden*) echo "your account is not allowed to do this: kubectl --context $context auth can-i --list -n $namespace" ;;
    *"no matches for kind"*) echo "the cluster does not have this kind of resource (ScaledObject needs KEDA)" ;;
    *) echo "fix what it names, then run ./deploy.sh again" ;;
  esac
}
