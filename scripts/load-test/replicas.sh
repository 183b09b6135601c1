# shellcheck shell=bash disable=SC2154
# The three places where Millrace runs, and the number of blur-workers there.

# The healthy blur-workers that the endpoint knows, one per line.
replicas_seen() {
  "${reach[@]}" --silent --max-time 5 "$url/health" |
    grep -o '"status":"healthy","service":"blur-worker","pod":"[^"]*"' | sed 's/.*:"//; s/"$//' || true
}

# The replicas in each place. Prints nothing if Millrace does not run there.
local_replicas() {
  local state count i
  state=$("${direct[@]}" --silent --max-time 5 --unix-socket .local/control http://local/scale 2>/dev/null) || return 0
  # Another checkout's stack has the same names on a different port.
  [[ $state =~ \"url\":\"[^\"]*:([0-9]+)\" && ${url##*:} == "${BASH_REMATCH[1]}" ]] || return 0
  [[ $state =~ \"blur-worker\":([0-9]+) ]] || return 0
  count=${BASH_REMATCH[1]}
  for ((i = 1; i <= count; i++)); do echo "blur-worker-$i"; done
}

compose_replicas() {
  command -v docker >/dev/null || return 0
  docker compose ps --status running --quiet blur-worker 2>/dev/null | sed 's/^\(............\).*/blur-worker-\1/' || true
}

kubernetes_replicas() {
  command -v kubectl >/dev/null || return 0
  kube get pods --output name 2>/dev/null | sed -n 's|^pod/\(blur-worker-.*\)|\1|p' || true
}

kube() { kubectl --request-timeout=10s --namespace millrace "$@"; }

# Sets `platform` to the place whose replicas respond at the URL.
find_platform() {
  local seen place
  seen=$(replicas_seen)
  [ -n "$seen" ] || die "there is no healthy blur-worker at $url/health. Is the stack running there?"
  [ -z "$platform" ] || return 0
  for place in local compose kubernetes; do
    if [ -n "$("${place}_replicas" | grep -Fx "$seen" || true)" ]; then
      platform=$place
      return 0
    fi
  done
  die "the stack at $url is neither this checkout's npm start, nor its Compose project, nor in the namespace millrace of kubectl's cluster ($(echo "$seen" | head -n 1))"
}

# What is needed to restore everything. New replicas in Compose take settings from the shell: the same as the running ones.
remember_platform() {
  local container environment name
  before=$("${platform}_replicas" | wc -l | tr -d ' ')
  case $platform in
    compose)
      container=$(docker compose ps --status running --quiet blur-worker | head -n 1)
      environment=$(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}VERSION={{.Config.Image}}' "$container")
      for name in BLUR_DELAY_MS LOG_LEVEL AUTH_MODE AUTH_ISSUER AUTH_AUDIENCE AUTH_JWKS_URL SERVICE_TOKEN; do
        export "$name=$(echo "$environment" | sed -n "s/^$name=//p")"
      done
      export VERSION=${environment##*:}
      ;;
    kubernetes)
      autoscaler=$(kube get hpa --output jsonpath='{range .items[?(@.spec.scaleTargetRef.name=="blur-worker")]}{.metadata.name} {.spec.minReplicas} {.spec.maxReplicas}{end}')
      before=$(kube get deployment blur-worker --output jsonpath='{.spec.replicas}')
      ;;
  esac
}

set_replicas() {
  local answer name
  case $platform in
    local)
      answer=$("${direct[@]}" --silent --show-error --max-time 180 --unix-socket .local/control --data "blur-worker=$1" http://local/scale)
      [[ $answer != *'"error"'* ]] || die "the local stack could not be scaled: $answer"
      ;;
    compose)
      COMPOSE_PROGRESS=quiet docker compose up --detach --no-recreate --no-deps --scale "blur-worker=$1" blur-worker
      ;;
    kubernetes)
      # An autoscaler that may only choose this number does not interfere.
      if [ -n "$autoscaler" ]; then limit_autoscaler "$1" "$1"; fi
      kube scale deployment blur-worker --replicas="$1" >/dev/null
      kubectl --namespace millrace rollout status deployment blur-worker --timeout=120s >/dev/null
      ;;
  esac
}

limit_autoscaler() {
  kube patch hpa "${autoscaler%% *}" --patch "{\"spec\":{\"minReplicas\":$1,\"maxReplicas\":$2}}" >/dev/null
}

# Several times in a row, because each gateway has its own list.
await_replicas() {
  local wanted=$1 agreed=0 deadline=$((SECONDS + 90))
  while [ "$agreed" -lt 4 ]; do
    if [ "$(replicas_seen | sort -u | grep -c . || true)" = "$wanted" ]; then agreed=$((agreed + 1)); else agreed=0; fi
    [ "$SECONDS" -lt "$deadline" ] || die "$url/health did not show $wanted healthy blur-workers within 90 s"
    sleep 0.4
  done
}

put_back() {
  [ -n "$before" ] || return 0
  echo "putting blur-worker back to $before" >&2
  if [ "$platform" = kubernetes ] && [ -n "$autoscaler" ]; then
    kube scale deployment blur-worker --replicas="$before" >/dev/null
    # shellcheck disable=SC2086 # its name and two numbers
    set -- $autoscaler
    limit_autoscaler "$2" "$3"
  else
    set_replicas "$before"
  fi
  before=
}
