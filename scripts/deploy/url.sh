# shellcheck shell=bash disable=SC2154
# Finds Millrace's URL: the first candidate at which a pod of this cluster really responds.

candidates() {
  local port node
  kube -n "$namespace" get service nginx-service -o jsonpath='{range .status.loadBalancer.ingress[*]}http://{.hostname}{.ip}{"\n"}{end}'
  port=$(kube -n "$namespace" get service nginx-service -o jsonpath='{.spec.ports[0].nodePort}')
  kube -n "$namespace" get ingress -o "$(template hosts)"
  [ -n "$port" ] || return 0
  # A port of this machine that was mapped when the cluster was created.
  case $family in
    kind) docker port "$(name_of "$context")-control-plane" "$port/tcp" 2>/dev/null ;;
    minikube) docker port "$(name_of "$context")" "$port/tcp" 2>/dev/null ;;
  esac | sed -E 's/^(0\.0\.0\.0|127\.0\.0\.1)/localhost/; s/^/http:\/\//'
  [ "$family" != kind ] || echo "http://localhost:$http_port"
  [ "$family" = remote ] || echo "http://localhost:$port"
  for node in $(kube get nodes -o jsonpath='{.items[*].status.addresses[?(@.type=="InternalIP")].address}'); do echo "http://$node:$port"; done
}

# ask URL: the headers of the response. Local addresses bypass proxies.
ask() {
  local options=(-s -m 3 -o /dev/null -D -)
  case $family,$1 in
    remote,http://localhost[:/]* | remote,http://127.* | [!r]*) options+=(--noproxy '*') ;;
  esac
  curl "${options[@]}" "$1"
}

# find_url TRIES: prints the URL; fails if Millrace cannot be reached from here.
find_url() {
  local url pod tries=$1
  while [ "$tries" -gt 0 ]; do
    for url in $(candidates); do
      pod=$(ask "$url/" | tr -d '\r' | awk 'tolower($1) == "x-served-by:" {print $2}') || continue
      # Another Millrace may respond there, for example from Compose.
      if [ -n "$pod" ] && kube -n "$namespace" get pod "$pod" >/dev/null 2>&1; then echo "$url"; return; fi
    done
    tries=$((tries - 1))
    [ "$tries" = 0 ] || sleep 2
  done
  return 1
}

# The hosts of the Ingress and the address they must resolve to, for a message.
own_names() {
  local hosts address
  hosts=$(kube -n "$namespace" get ingress -o "$(template hosts)" | paste -sd' ' -)
  address=$(kube -n "$namespace" get ingress -o jsonpath='{.items[0].status.loadBalancer.ingress[0].ip}{.items[0].status.loadBalancer.ingress[0].hostname}' 2>/dev/null)
  [ -z "$hosts" ] || echo " ($hosts; they must resolve to ${address:-the Ingress controller, which has no address})"
}

say_where() {
  local url tries=30
  # DNS names and cloud load balancers can take minutes, or manual setup.
  [ "$family" != remote ] || tries=3
  if url=$(find_url "$tries"); then
    cat <<TEXT

Millrace is at $url

  curl -X POST $url/api/add/task1
  curl -X POST $url/analyze -H 'Content-Type: application/json' -d '{"text": "Hello, how are you?"}'

  ./deploy.sh --status     shows what is running and what is wrong
  ./deploy.sh --delete     removes everything, including the data
TEXT
  else
    cat <<TEXT

Millrace is ready, but its addresses cannot be reached from here$(own_names). Use a port-forward:

  kubectl --context $context -n $namespace port-forward service/nginx-service $http_port:80
  curl -X POST http://localhost:$http_port/api/add/task1
TEXT
    [ "$family" != minikube ] || echo "  or, while it runs: minikube -p $context service -n $namespace nginx-service --url"
  fi
}
