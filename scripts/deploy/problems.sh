# shellcheck shell=bash disable=SC2034,SC2154
# Lists the problems in the namespace and their fixes, as lines of "grade, problem, fix". `fatal` problems do not resolve themselves.

tab=$(printf '\t')
# Separates fields that can be empty; `read` merges consecutive tabs.
unit=$(printf '\037')

problem() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }

problems() {
  problems_of_claims
  problems_of_pods
  problems_of_workloads
  problems_of_volumes
  problems_of_cluster
}

# The latest log lines of a container; those before its end, if it has ended.
logs_of() { kube -n "$namespace" logs "$1" -c "$2" --tail=20 2>/dev/null | grep -v '^unable to retrieve' || true; }

# The last log line of a container, preferably an error; of a JSON line, its message and cause. Indented lines continue the previous one.
last_words() {
  awk '
    function text(name) { return match($0, "\"" name "\":\"([^\"\\\\]|\\\\.)*\"") ? substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5) : "" }
    /^{/ { why = text("message"); $0 = text("msg") (why ? ": " why : "") }
    /^[ \t]/ { sub(/^[ \t]+/, ""); $0 = last " " $0 }
    /[^ ]/ { last = $0 }
    tolower(last) ~ /error|fatal|panic|refused|no space|denied|invalid|cannot|failed|problem|not found/ { trouble = last }
    END { print substr(trouble ? trouble : last, 1, 400) }'
}

# The text of the latest warning event about an object.
event_of() {
  kube -n "$namespace" get events --field-selector "involvedObject.name=$1,type=Warning" --sort-by=.lastTimestamp \
    -o jsonpath='{range .items[*]}{.message}{"\n"}{end}' 2>/dev/null | awk '/[^ ]/ {last = $0} END {print substr(last, 1, 300)}'
}

# --- volumes --------------------------------------------------------------------------------------------------------
problems_of_claims() {
  local name phase class message
  kube -n "$namespace" get persistentvolumeclaims -o "$(template claims)" 2>/dev/null |
    while IFS=$unit read -r name phase class; do
      [ "$phase" != Bound ] || continue
      message=$(event_of "$name")
      if [ "$phase" = Lost ]; then
        problem fatal "The PVC $name has lost its volume." "restore a backup into a new one: docs/KUBERNETES_DEPLOYMENT.md#backup-and-restore"
      elif [ -z "$class" ]; then
        problem fatal "The PVC $name has no StorageClass, and none is the default." "$(fix_for_storage_class)"
      elif ! kube get storageclass "$class" >/dev/null 2>&1; then
        problem fatal "The PVC $name asks for the StorageClass $class, which does not exist." \
          "correct storageClassName; available: $(kube get storageclass -o name | sed 's/.*\///' | paste -sd' ' -). A PVC cannot be changed, so first: kubectl --context $context -n $namespace delete pvc $name"
      elif [ -n "$message" ]; then
        problem wait "The PVC $name has no volume: $message" "kubectl --context $context -n $namespace describe pvc $name"
      fi
    done
}

# How full the volumes are, as seen by their pods.
problems_of_volumes() {
  local pod container path claim used
  kube -n "$namespace" get pods --field-selector=status.phase=Running -o "$(template mounts)" 2>/dev/null |
    while read -r pod container path claim; do
      used=$(kube -n "$namespace" exec "$pod" -c "$container" -- df -P "$path" 2>/dev/null </dev/null | awk 'NR == 2 {print $5 + 0}')
      [ "${used:-0}" -lt 95 ] || problem fatal "The volume of the PVC $claim is full: $used %." "$(fix_for_full "$claim")"
    done
}

fix_for_full() {
  local class
  class=$(kube -n "$namespace" get pvc "$1" -o jsonpath='{.spec.storageClassName}' 2>/dev/null)
  if [ "$(kube get storageclass "$class" -o jsonpath='{.allowVolumeExpansion}' 2>/dev/null)" = true ]; then
    echo "enlarge it: kubectl --context $context -n $namespace patch pvc $1 -p '{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"20Gi\"}}}}'"
  elif [ "$family" = remote ]; then
    echo "its StorageClass $class does not allow expansion: restore a backup into a larger one (docs/KUBERNETES_DEPLOYMENT.md#backup-and-restore)"
  else
    echo "it is on the node's disk: free some space there (docker system prune; Docker Desktop: a larger disk in Settings, Resources)"
  fi
}

# --- pods -----------------------------------------------------------------------------------------------------------
problems_of_pods() {
  local kind pod container image restarts waiting message ended
  kube -n "$namespace" get pods -o "$(template pods)" 2>/dev/null |
    while IFS=$unit read -r kind pod container image restarts waiting message ended; do
      message=$(printf '%s' "$message" | sed 's/^"//; s/"$//; s/\\"/"/g; s/\\n/ /g' | cut -c1-300)
      case $kind in
        unscheduled) problem_of_scheduling "$pod" "$message" ;;
        container) problem_of_container "$pod" "$container" "$image" "$restarts" "$waiting" "$message" "$ended" ;;
      esac
    done
}

problem_of_scheduling() {
  local grade=fatal
  # More nodes may be starting.
  if [ "$family" = remote ]; then grade='wait'; fi
  case $2 in
    *persistentvolumeclaim*"not found"*)
      problem fatal "$1 needs a PVC that does not exist: $2" "kubectl --context $context apply -f k8s/ creates it"
      ;;
    *"unbound immediate"*) ;; # reported for the PVC
    *"Insufficient memory"* | *"Insufficient cpu"*) problem "$grade" "No node has room for $1: $2" "$(fix_for_memory)" ;;
    *disk-pressure*) problem wait "A node accepts no pods because its disk is full: $2" "docker system prune; Docker Desktop: a larger disk in Settings, Resources" ;;
    *) problem wait "No node accepts $1: $2" "kubectl --context $context -n $namespace describe pod $1" ;;
  esac
}

problem_of_container() {
  local pod=$1 container=$2 image=$3 restarts=$4 waiting=$5 message=$6 ended=$7
  image=${image#docker.io/}
  local logs="kubectl --context $context -n $namespace logs $pod -c $container" words event
  case $waiting in
    ErrImageNeverPull | ErrImagePull | ImagePullBackOff | InvalidImageName)
      problem fatal "$pod has no image: the cluster has no $image and could not pull it ($waiting)." "$(fix_for_missing_image "$image")"
      return
      ;;
    CreateContainerConfigError | CreateContainerError | RunContainerError)
      problem fatal "$pod cannot start ($waiting): $message" "create what it names, then: kubectl --context $context -n $namespace delete pod $pod"
      return
      ;;
  esac
  if [ "$ended" = OOMKilled ]; then
    problem wait "$pod used more memory than its limit and was killed (OOMKilled, $restarts restarts)." "raise limits.memory of $container in k8s/$container.yaml"
    return
  fi
  if [ "$restarts" -gt 0 ] && [ -n "$ended" ]; then
    words=$(logs_of "$pod" "$container" | last_words)
    problem "$([ "$restarts" -gt 3 ] && echo fatal || echo wait)" "$pod keeps crashing ($ended, $restarts restarts): ${words:-no log output}" "$(fix_for_words "$words" "$logs" "$container")"
  elif [ -n "$waiting" ]; then
    # A volume or a Secret that cannot be mounted.
    event=$(event_of "$pod")
    [ -z "$event" ] || problem wait "$pod waits ($waiting): $event" "create what it names"
  else
    words=$(logs_of "$pod" "$container" | last_words)
    problem wait "$pod is running but not ready. Kubernetes says: $(event_of "$pod") Its log says: ${words:-nothing}" "$(fix_for_words "$words" "$logs" "$container")"
  fi
}

fix_for_missing_image() {
  case $1 in
    millrace/*:dev) echo "./deploy.sh builds and loads it" ;;
    millrace/*) echo "the build creates ${1%:*}:dev: correct the tag in k8s/, or docker tag ${1%:*}:dev $1 and ./deploy.sh" ;;
    */millrace/*) echo "check that the registry has this version (scripts/push-images.sh pushes it); a private registry needs an imagePullSecret" ;;
    *) echo "check the name and tag: docker pull $1; ./deploy.sh then loads it into a local cluster" ;;
  esac
}

# fix_for_words WORDS COMMAND CONTAINER: the command, by default. A volume is named after its container.
fix_for_words() {
  case $1 in
    *"o space left"*) fix_for_full "$3" ;;
    *"password authentication failed"* | *WRONGPASS*) echo "PostgreSQL keeps the passwords of its first start: docs/KUBERNETES_DEPLOYMENT.md#your-own-secrets" ;;
    *EAI_AGAIN* | *ENOTFOUND* | *"not resolve"* | *"host not found"*) echo "DNS does not resolve names: kubectl --context $context -n kube-system get pods -l k8s-app=kube-dns, and check the NetworkPolicy dns" ;;
    *ECONNREFUSED* | *ETIMEDOUT* | *"imed out"*) echo "the service it calls does not respond: see the other problems, and check the NetworkPolicies of both" ;;
    *) echo "$2" ;;
  esac
}

# Pods that cannot be created because of PodSecurity, a quota or a missing ServiceAccount.
problems_of_workloads() {
  local kind name message
  for name in $(unready); do
    kind=${name%/*} message=
    case $kind in
      Deployment) message=$(kube -n "$namespace" get "$name" -o jsonpath='{.status.conditions[?(@.type=="ReplicaFailure")].message}') ;;
      StatefulSet) [ -n "$(kube -n "$namespace" get pods "${name#*/}-0" -o name 2>/dev/null)" ] || message=$(event_of "${name#*/}") ;;
    esac
    case $message in
      '') ;;
      *PodSecurity*) problem fatal "The pods of ${name#*/} are rejected: $(printf '%s' "$message" | cut -c1-400)" "add the named fields to its securityContext; the other manifests in k8s/ show how" ;;
      *) problem wait "The pods of ${name#*/} are rejected: $(printf '%s' "$message" | cut -c1-300)" "fix what it names in k8s/" ;;
    esac
  done
}

# --- cluster --------------------------------------------------------------------------------------------------------
problems_of_cluster() {
  local ready
  ready=$(kube -n kube-system get pods -l k8s-app=kube-dns -o jsonpath='{.items[*].status.conditions[?(@.type=="Ready")].status}' 2>/dev/null)
  case $ready in
    *True* | '') ;;
    *) problem wait "Cluster DNS is not running: services cannot find each other." "kubectl --context $context -n kube-system describe pods -l k8s-app=kube-dns" ;;
  esac
  kube get --raw /apis/metrics.k8s.io/v1beta1/nodes >/dev/null 2>&1 ||
    problem wait "There is no metrics server: HPAs show <unknown> and do not scale." "$(fix_for_metrics)"
}
