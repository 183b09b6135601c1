#!/usr/bin/env bash
# Millrace on Kubernetes with one command, and no questions asked: ./deploy.sh --help
# Its parts are in scripts/deploy/, one subject a file. Written for bash 3.2 too, which is what macOS has.
# shellcheck disable=SC2034 # its parts read what is set here
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

Builds the images, hands them to the cluster, applies k8s/, waits until everything is ready, and prints the URL.
The cluster is that of the current context if it is one for development (kind, minikube, k3d, Docker Desktop,
OrbStack, Rancher Desktop, Colima); any other is left alone. Without one, a kind or minikube cluster is made,
named millrace.

  --context NAME           the cluster of this context, whatever it is
  --cluster kind|minikube  the cluster of this kind that is named millrace; made when it is not there
  --overlay prod|keda      apply overlays/NAME in place of k8s/
  --no-build               take the images as they are
  --timeout SECONDS        how long to wait until everything is ready (300)
  --status                 show what runs, what is wrong with it, and how to fix that
  --delete                 remove the namespace with all its data, and the cluster when deploy.sh made it
  --help                   this

HTTP_PORT=8081 ./deploy.sh   the port of this machine for a cluster that is made (8080)
TEXT
}

deploy() {
  check_programs
  choose_cluster
  preflight
  hand_over_images
  complete_secrets
  step "Applying $manifests"
  note_what_runs
  apply
  restart_changed
  step "Waiting until everything is ready, $timeout seconds at most"
  wait_until_ready
  say_where
}

apply() {
  if kube apply "$apply_flag" "$manifests" >"$work/applied" 2>"$work/errors"; then
    awk '{count[$NF]++} END {for (what in count) print "    " count[what], what}' "$work/applied"
    remember_images
  else
    cat "$work/errors" >&2
    stop "Kubernetes did not take all of $manifests: see above." "$(fix_for_refusal)"
  fi
}

delete() {
  choose_cluster existing
  if made_here; then
    step "Deleting the cluster $(name_of "$context") with all data in it"
    delete_cluster
  elif kube get namespace "$namespace" >/dev/null 2>&1; then
    step "Deleting the namespace $namespace with all data in it (context $context)"
    kube delete namespace "$namespace" --wait=false
    # Whose data go has nothing to finish: without this, queue-worker alone may take minutes for its jobs.
    kube -n "$namespace" delete pods --all --grace-period=5 --wait=false >/dev/null
    kube wait --for=delete "namespace/$namespace" --timeout="${timeout}s" ||
      stop "The namespace is not gone after $timeout s." \
        "look for what holds it: kubectl --context $context get namespace $namespace -o yaml (status.conditions)"
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

case $cluster in '' | kind | minikube) ;; *) echo "deploy.sh: --cluster is kind or minikube, not $cluster" >&2; exit 2 ;; esac
case $timeout in '' | *[!0-9]*) echo "deploy.sh: --timeout is a number of seconds, not $timeout" >&2; exit 2 ;; esac
manifests=k8s/ apply_flag=-f
if [ -n "$overlay" ]; then manifests=overlays/$overlay apply_flag=-k; fi
[ -d "$manifests" ] || { echo "deploy.sh: there is no $manifests" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

$action
