#!/usr/bin/env bash
# Prints the Secrets that k8s/secrets.yaml has for development, with random passwords:
#   scripts/make-kubernetes-secrets.sh | kubectl apply -f -
# Once, before the first start: PostgreSQL takes its passwords when its volume is made. To keep them, keep what it prints.
case ${BASH_VERSION:-} in '' | [12].* | 3.[01].*) echo "make-kubernetes-secrets.sh needs bash 3.2 or newer: bash scripts/make-kubernetes-secrets.sh" >&2; exit 2 ;; esac
set -euo pipefail

password() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

secret() {
  cat <<YAML
---
apiVersion: v1
kind: Secret
metadata:
  name: $1
  namespace: millrace
  labels:
    app.kubernetes.io/name: $1
    app.kubernetes.io/part-of: millrace
type: Opaque
stringData:
YAML
}

secret postgres
for key in password task_api_password user_api_password; do
  echo "  $key: '$(password)'"
done

redis=$(password)
secret redis
cat <<YAML
  password: '$redis'
  auth.conf: 'requirepass $redis'
  url: 'redis://:$redis@redis:6379'
YAML
