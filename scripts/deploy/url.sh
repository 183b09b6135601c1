# shellcheck shell=bash disable=SC2154
# Where Millrace answers. Of the places that may be it, the first one at which a pod of this cluster really answers.

candidates() {
  local port node
  kube -n "$namespace" get service nginx-service -o jsonpath='{range .status.loadBalancer.ingress[*]}http://{.hostname}{.ip}{"\n"}{end}'
  port=$(kube -n "$namespace" get service nginx-service -o jsonpath='{.spec.ports[0].nodePort}')
  kube -n "$namespace" get ingress -o "$(template hosts)"
  [ -n "$port" ] || return 0
  # A port of this machine that was given to the cluster when it was made.
  case $family in
    kind) docker port "$(name_of "$context")-control-plane" "$port/tcp" 2>/dev/null ;;
    minikube) docker port "$(name_of "$context")" "$port/tcp" 2>/dev/null ;;
  esac | sed -E 's/^(0\.0\.0\.0|127\.0\.0\.1)/localhost/; s/^/http:\/\//'
  [ "$family" != kind ] || echo "http://localhost:$http_port"
  [ "$family" = remote ] || echo "http://localhost:$port"
  for node in $(kube get nodes -o jsonpath='{.items[*].status.addresses[?(@.type=="InternalIP")].address}'); do echo "http://$node:$port"; done
}

# ask URL: the headers of the answer. No proxy is asked for what runs on this machine.
ask() {
  local options=(-s -m 3 -o /dev/null -D -)
  case $family,$1 in
    remote,http://localhost[:/]* | remote,http://127.* | [!r]*) options+=(--noproxy '*') ;;
  esac
  curl "${options[@]}" "$1"
}

# find_url TRIES: prints the URL; fails when Millrace cannot be reached from here.
find_url() {
  local url pod tries=$1
  while [ "$tries" -gt 0 ]; do
    for url in $(candidates); do
      pod=$(ask "$url/" | tr -d '\r' | awk 'tolower($1) == "x-served-by:" {print $2}') || continue
      # Another Millrace may answer there, of Compose for one.
      if [ -n "$pod" ] && kube -n "$namespace" get pod "$pod" >/dev/null 2>&1; then echo "$url"; return; fi
    done
    tries=$((tries - 1))
    [ "$tries" = 0 ] || sleep 2
  done
  return 1
}

# The hosts of the Ingress and where their names must lead, for a sentence.
own_names() {
  local hosts address
  hosts=$(kube -n "$namespace" get ingress -o "$(template hosts)" | paste -sd' ' -)
  address=$(kube -n "$namespace" get ingress -o jsonpath='{.items[0].status.loadBalancer.ingress[0].ip}{.items[0].status.loadBalancer.ingress[0].hostname}' 2>/dev/null)
  [ -z "$hosts" ] || echo " ($hosts; their names must lead to ${address:-the Ingress controller, which has no address})"
}

say_where() {
  local url tries=30
  # Names and load balancers far away may take minutes, or a person.
  [ "$family" != remote ] || tries=3
  if url=$(find_url "$tries"); then
    cat <<TEXT

Millrace is at $url

  curl -X POST $url/api/add/task1
  curl -X POST $url/analyze -H 'Content-Type: application/json' -d '{"text": "Hello, how are you?"}'

  ./deploy.sh --status     what runs, and what is wrong with it
  ./deploy.sh --delete     removes it, with its data
TEXT
  else
    cat <<TEXT

Millrace is ready, but does not answer from here at its addresses$(own_names). This way it does:

  kubectl --context $context -n $namespace port-forward service/nginx-service $http_port:80
  curl -X POST http://localhost:$http_port/api/add/task1
TEXT
    [ "$family" != minikube ] || echo "  or, while it runs: minikube -p $context service -n $namespace nginx-service --url"
  fi
}
