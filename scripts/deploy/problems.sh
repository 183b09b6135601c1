# shellcheck shell=bash disable=SC2034,SC2154
# What is wrong in the namespace, in words, and what fixes it: lines of "grade, what, fix". What is `fatal` does not pass by itself.

tab=$(printf '\t')
# Between fields that may be empty: read takes tabs in a row for one.
unit=$(printf '\037')

problem() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }

problems() {
  problems_of_claims
  problems_of_pods
  problems_of_workloads
  problems_of_volumes
  problems_of_cluster
}

# What a container said lately; before its end, if it has ended.
logs_of() { kube -n "$namespace" logs "$1" -c "$2" --tail=20 2>/dev/null | grep -v '^unable to retrieve' || true; }

# The last words of a container, of a trouble if there is one; of a JSON line what it means and why. Indented lines go on.
last_words() {
  awk '
    function text(name) { return match($0, "\"" name "\":\"([^\"\\\\]|\\\\.)*\"") ? substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5) : "" }
    /^{/ { why = text("message"); $0 = text("msg") (why ? ": " why : "") }
    /^[ \t]/ { sub(/^[ \t]+/, ""); $0 = last " " $0 }
    /[^ ]/ { last = $0 }
    tolower(last) ~ /error|fatal|panic|refused|no space|denied|invalid|cannot|failed|problem|not found/ { trouble = last }
    END { print substr(trouble ? trouble : last, 1, 400) }'
}

# The text of an event about an object, the newest of its kind.
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
        problem fatal "The PVC $name asks for the StorageClass $class, which is not there." \
          "correct storageClassName; there is: $(kube get storageclass -o name | sed 's/.*\///' | paste -sd' ' -). A PVC cannot be changed, so first: kubectl --context $context -n $namespace delete pvc $name"
      elif [ -n "$message" ]; then
        problem wait "The PVC $name has no volume: $message" "kubectl --context $context -n $namespace describe pvc $name"
      fi
    done
}

# How full the volumes are, as their pods see it.
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
    echo "its StorageClass $class allows no growth: restore a backup into a larger one (docs/KUBERNETES_DEPLOYMENT.md#backup-and-restore)"
  else
    echo "it lies on the disk of the node: free some there (docker system prune; Docker Desktop: a larger disk in Settings, Resources)"
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
  # More nodes may be on their way.
  if [ "$family" = remote ]; then grade='wait'; fi
  case $2 in
    *persistentvolumeclaim*"not found"*)
      problem fatal "$1 needs a PVC that is not there: $2" "kubectl --context $context apply -f k8s/ makes it"
      ;;
    *"unbound immediate"*) ;; # said of the PVC
    *"Insufficient memory"* | *"Insufficient cpu"*) problem "$grade" "No node has room for $1: $2" "$(fix_for_memory)" ;;
    *disk-pressure*) problem wait "A node takes no pods, its disk is full: $2" "docker system prune; Docker Desktop: a larger disk in Settings, Resources" ;;
    *) problem wait "No node takes $1: $2" "kubectl --context $context -n $namespace describe pod $1" ;;
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
      problem fatal "$pod cannot start ($waiting): $message" "make what it names, then: kubectl --context $context -n $namespace delete pod $pod"
      return
      ;;
  esac
  if [ "$ended" = OOMKilled ]; then
    problem wait "$pod used more memory than its limit and was killed (OOMKilled, $restarts restarts)." "raise limits.memory of $container in k8s/$container.yaml"
    return
  fi
  if [ "$restarts" -gt 0 ] && [ -n "$ended" ]; then
    words=$(logs_of "$pod" "$container" | last_words)
    problem "$([ "$restarts" -gt 3 ] && echo fatal || echo wait)" "$pod ends again and again ($ended, $restarts restarts): ${words:-it says nothing}" "$(fix_for_words "$words" "$logs" "$container")"
  elif [ -n "$waiting" ]; then
    # A volume or a Secret that cannot be mounted.
    event=$(event_of "$pod")
    [ -z "$event" ] || problem wait "$pod waits ($waiting): $event" "make what it names"
  else
    words=$(logs_of "$pod" "$container" | last_words)
    problem wait "$pod runs and is not ready. Kubernetes says: $(event_of "$pod") Its log says: ${words:-nothing}" "$(fix_for_words "$words" "$logs" "$container")"
  fi
}

fix_for_missing_image() {
  case $1 in
    millrace/*:dev) echo "./deploy.sh builds it and hands it over" ;;
    millrace/*) echo "the build makes ${1%:*}:dev: correct the tag in k8s/, or docker tag ${1%:*}:dev $1 and ./deploy.sh" ;;
    */millrace/*) echo "see that the registry has this version (scripts/push-images.sh puts it there); a private one needs an imagePullSecret" ;;
    *) echo "see that the name and tag are right: docker pull $1; on a cluster of this machine ./deploy.sh then hands it over" ;;
  esac
}

# fix_for_words WORDS COMMAND CONTAINER: by default the command. A volume has the name of the container that fills it.
fix_for_words() {
  case $1 in
    *"o space left"*) fix_for_full "$3" ;;
    *"password authentication failed"* | *WRONGPASS*) echo "PostgreSQL keeps the passwords of its first start: docs/KUBERNETES_DEPLOYMENT.md#secrets-of-your-own" ;;
    *EAI_AGAIN* | *ENOTFOUND* | *"not resolve"* | *"host not found"*) echo "names are not resolved: kubectl --context $context -n kube-system get pods -l k8s-app=kube-dns, and the NetworkPolicy dns" ;;
    *ECONNREFUSED* | *ETIMEDOUT* | *"imed out"*) echo "what it calls does not answer: see the others above, and the NetworkPolicies of both" ;;
    *) echo "$2" ;;
  esac
}

# Pods that are not even made: refused by PodSecurity, a quota, an absent ServiceAccount.
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
      *PodSecurity*) problem fatal "${name#*/} is refused its pods: $(printf '%s' "$message" | cut -c1-400)" "give its securityContext what is named there; the other manifests in k8s/ show how" ;;
      *) problem wait "${name#*/} is refused its pods: $(printf '%s' "$message" | cut -c1-300)" "fix what is named there in k8s/" ;;
    esac
  done
}

# --- cluster --------------------------------------------------------------------------------------------------------
problems_of_cluster() {
  local ready
  ready=$(kube -n kube-system get pods -l k8s-app=kube-dns -o jsonpath='{.items[*].status.conditions[?(@.type=="Ready")].status}' 2>/dev/null)
  case $ready in
    *True* | '') ;;
    *) problem wait "Cluster DNS does not run: no service finds another." "kubectl --context $context -n kube-system describe pods -l k8s-app=kube-dns" ;;
  esac
  kube get --raw /apis/metrics.k8s.io/v1beta1/nodes >/dev/null 2>&1 ||
    problem wait "There is no metrics server: HPAs show <unknown> and do not scale." "$(fix_for_metrics)"
}
