# shellcheck shell=bash disable=SC2154
# Shows everything at a glance.

status() {
  local url
  choose_cluster existing
  kube get namespace "$namespace" >/dev/null 2>&1 || stop "Nothing is deployed: there is no namespace $namespace (context $context)." "./deploy.sh"
  if url=$(find_url 1); then echo "Millrace at $url (context $context)"; else echo "Millrace does not respond (context $context)"; fi
  section deployments,statefulsets
  section pods
  section services
  section persistentvolumeclaims
  section horizontalpodautoscalers
  problems >"$work/lasting"
  : >"$work/said"
  if [ -s "$work/lasting" ]; then
    printf '\nWhat is wrong\n'
    say_new_problems 2>&1
    return 1
  fi
  printf '\nNothing is wrong.\n'
}

section() {
  printf '\n'
  kube -n "$namespace" get "$1"
}
