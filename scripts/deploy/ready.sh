# shellcheck shell=bash disable=SC2154
# Waits, and reports what is blocking.

# Deployments and StatefulSets that are not ready yet, one "kind/name" per line.
unready() {
  kube -n "$namespace" get deployments,statefulsets -o "$(template workloads)" |
    awk '$2 != $3 || $5 < $4 || $6 < $4 || $7 > $4 {print $1}'
}

# Reports problems that last half a minute; a problem that cannot resolve itself ends the wait.
wait_until_ready() {
  local end=$((SECONDS + timeout)) waiting since=$SECONDS started=$SECONDS
  : >"$work/before-problems"
  : >"$work/said"
  while waiting=$(unready) && [ -n "$waiting" ]; do
    if [ $((SECONDS - since)) -ge 15 ]; then
      since=$SECONDS
      problems | sort -u >"$work/problems"
      # Problems that were seen twice are not transient.
      comm -12 "$work/before-problems" "$work/problems" >"$work/lasting"
      cp "$work/problems" "$work/before-problems"
      say_new_problems
      ! grep -q '^fatal' "$work/lasting" || give_up "$waiting"
    fi
    [ $SECONDS -lt $end ] || give_up "$waiting"
    sleep 2
  done
  echo "    everything is ready, after $((SECONDS - started)) s"
}

say_new_problems() {
  local what fix
  while IFS=$tab read -r _ what fix; do
    grep -qxF "$what" "$work/said" && continue
    echo "$what" >>"$work/said"
    warn "$what" "$fix"
  done <"$work/lasting"
}

give_up() {
  local what
  problems >"$work/lasting"
  say_new_problems
  what=$(printf '%s' "$1" | tr '\n' ' ')
  if [ -s "$work/lasting" ]; then
    stop "Not ready: $what" "see above; then run ./deploy.sh again"
  fi
  stop "Not ready after $timeout s: $what" "a slow machine needs longer: --timeout 900; for details: kubectl --context $context -n $namespace describe pods"
}
