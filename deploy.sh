#!/usr/bin/env bash
# Deploys Millrace to Kubernetes with one command and without questions: ./deploy.sh --help
# Its parts are in scripts/deploy/, one subject per file. It works with bash 3.2, the version on macOS.
# shellcheck disable=SC2034 # the parts read these variables
case ${BASH_VERSION:-} in '' | [12].* | 3.[01].*) echo "deploy.sh needs bash 3.2 or newer: bash deploy.sh" >&2; exit 2 ;; esac
set -euo pipefail
cd "$(dirname "$0")"

namespace=millrace
context='' cluster='' overlay='' build=yes timeout=300 action=deploy
http_port=${HTTP_PORT:-8080}

for part in messages versions cluster preflight images problems ready url status; do
  # shellcheck source=/dev/null
  . "scripts/deploy/$part.sh"
done

usage() {
  cat <<'TEXT'
Usage: ./deploy.sh [OPTION]...

Builds the images, loads them into the cluster, applies k8s/, waits until everything is ready, and prints the URL.
It uses the cluster of the current context if that is a development cluster (kind, minikube, k3d, Docker Desktop,
OrbStack, Rancher Desktop, Colima), and leaves any other cluster alone. Without one, it creates a kind or minikube
cluster named millrace.

  --context NAME           use the cluster of this context, whatever it is
  --cluster kind|minikube  use the kind or minikube cluster named millrace; create it if necessary
  --overlay prod|keda      apply overlays/NAME instead of k8s/
  --no-build               use the existing images
  --timeout SECONDS        how long to wait until everything is ready (300)
  --status                 show what is running, what is wrong, and how to fix it
  --delete                 delete the namespace with all its data, and the cluster if deploy.sh created it
  --help                   show this help

HTTP_PORT=8081 ./deploy.sh   the port on this machine for a cluster that it creates (8080)
TEXT
}

deploy() {
  check_programs
  choose_cluster
  preflight
  hand_over_images
  complete_secrets
  remove_old_secrets
  step "Applying $manifests"
  note_what_runs
  apply
  restart_changed
  step "Waiting up to $timeout seconds until everything is ready"
  wait_until_ready
  say_where
}

apply() {
  if kube apply "$apply_flag" "$manifests" >"$work/applied" 2>"$work/errors"; then
    awk '{count[$NF]++} END {for (what in count) print "    " count[what], what}' "$work/applied"
    remember_images
  else
    cat "$work/errors" >&2
    stop "Kubernetes rejected part of $manifests: see above." "$(fix_for_refusal)"
  fi
}

delete() {
  choose_cluster existing
  if made_here; then
    step "Deleting the cluster $(name_of "$context") and all its data"
    delete_cluster
  elif kube get namespace "$namespace" >/dev/null 2>&1; then
    step "Deleting the namespace $namespace and all its data (context $context)"
    kube delete namespace "$namespace" --wait=false
    # There is no need to finish jobs: without this, queue-worker alone can take minutes.
    kube -n "$namespace" delete pods --all --grace-period=5 --wait=false >/dev/null
    kube wait --for=delete "namespace/$namespace" --timeout="${timeout}s" ||
      stop "The namespace still exists after $timeout s." \
        "find out what blocks it: kubectl --context $context get namespace $namespace -o yaml (status.conditions)"
  else
    echo "Nothing to delete: there is no namespace $namespace (context $context)."
  fi
}

while [ $# -gt 0 ]; do
  case $1 in
    --context | --cluster | --overlay | --timeout)
      [ $# -gt 1 ] || { echo "deploy.sh: $1 needs a value" >&2; exit 2; }
      case $1 in
        --context) context=$2 ;;
        --cluster) cluster=$2 ;;
        --overlay) overlay=$2 ;;
        --timeout) timeout=$2 ;;
      esac
      shift 2
      ;;
    --no-build) build=no; shift ;;
    --status) action=status; shift ;;
    --delete) action=delete; shift ;;
    --help | -h) usage; exit 0 ;;
    *) echo "deploy.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
done

case $cluster in '' | kind | minikube) ;; *) echo "deploy.sh: --cluster must be kind or minikube, not $cluster" >&2; exit 2 ;; esac
case $timeout in '' | *[!0-9]*) echo "deploy.sh: --timeout must be a number of seconds, not $timeout" >&2; exit 2 ;; esac
manifests=k8s/ apply_flag=-f
if [ -n "$overlay" ]; then manifests=overlays/$overlay apply_flag=-k; fi
[ -d "$manifests" ] || { echo "deploy.sh: there is no $manifests" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

$action
