# shellcheck shell=bash
# How deploy.sh speaks. What goes wrong is always said together with what mends it.

step() { printf '==> %s\n' "$*"; }

# template NAME: kubectl's output by one of templates/.
template() { echo "go-template-file=scripts/deploy/templates/$1.gotmpl"; }

# warn WHAT FIX: something that does not keep the stack from running.
warn() { printf '  ! %s\n    Fix: %s\n' "$1" "$2" >&2; }

# stop WHAT FIX: something that does.
stop() {
  printf 'deploy.sh: %s\n  Fix: %s\n' "$1" "$2" >&2
  exit 1
}
