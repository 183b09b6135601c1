#!/usr/bin/env bash
# Prints the Secrets of k8s/secrets.yaml with random passwords. It keeps the values that the cluster already has and adds missing
# ones, so it can be run again at any time; deploy.sh does so after an upgrade.
#   scripts/make-kubernetes-secrets.sh | kubectl apply -f -
# With --new it ignores the cluster; with --context NAME it asks that one.
case ${BASH_VERSION:-} in '' | [12].* | 3.[01].*) echo "make-kubernetes-secrets.sh needs bash 3.2 or newer: bash scripts/make-kubernetes-secrets.sh" >&2; exit 2 ;; esac
set -euo pipefail

kube() { kubectl ${context:+--context "$context"} -n millrace "$@"; }

context='' present=''
case ${1:-} in
  --new) ;;
  '' | --context)
    context=${2:-}
    # Replacing passwords in use would lock everybody out.
    present=$(kube get secret --ignore-not-found -o name postgres redis) || {
      echo "make-kubernetes-secrets.sh: cannot read the cluster's Secrets, so none are generated; --new ignores the cluster" >&2
      exit 1
    }
    ;;
  *) echo "Usage: $0 [--new | --context NAME]" >&2; exit 2 ;;
esac

secret() {
  name=$1
  cat <<YAML
---
apiVersion: v1
kind: Secret
metadata:
  name: $name
  namespace: millrace
  labels:
    app.kubernetes.io/name: $name
    app.kubernetes.io/part-of: millrace
type: Opaque
data:
YAML
}

encode() { base64 | tr -d '\n'; }
password() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# entry KEY VALUE: prints the value in the cluster's Secret, or this one, and sets $value to it.
entry() {
  local known=''
  case $present in *"secret/$name"*) known=$(kube get secret "$name" -o "jsonpath={.data.$1}") ;; esac
  value=$2
  if [ -n "$known" ]; then value=$(printf %s "$known" | base64 -d); fi
  echo "  $1: $(printf %s "$value" | encode)"
}

secret postgres
for key in password task_api_password task_api_migrate_password user_api_password user_api_migrate_password metrics_password; do
  entry "$key" "$(password)"
done

secret redis
entry password "$(password)"
for user in web_gateway task_api queue_worker rate_limits; do
  entry "${user}_password" "$(password)"
  entry "${user}_url" "redis://$user:$value@redis:6379"
done
entry metrics_password "$(password)"
# Without and with TLS. Always written again, because an earlier release had only the first.
echo "  exporter_passwords: $(printf '{"redis://metrics@redis:6379":"%s","rediss://metrics@redis:6379":"%s"}' "$value" "$value" | encode)"
