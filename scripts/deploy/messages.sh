# shellcheck shell=bash
# How deploy.sh and its like speak. What goes wrong is always said together with what fixes it.

step() { printf '==> %s\n' "$*"; }

# template NAME: kubectl's output by one of templates/.
template() { echo "go-template-file=scripts/deploy/templates/$1.gotmpl"; }

# warn WHAT FIX: something that does not keep the stack from running.
warn() { printf '  ! %s\n    Fix: %s\n' "$1" "$2" >&2; }

# stop WHAT FIX: something that does.
stop() {
  printf '%s: %s\n  Fix: %s\n' "${0##*/}" "$1" "$2" >&2
  exit 1
}
