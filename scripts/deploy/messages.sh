# shellcheck shell=bash
# The messages of deploy.sh and other scripts. Every problem comes with a fix.

step() { printf '==> %s\n' "$*"; }

# template NAME: formats kubectl's output with one of templates/.
template() { echo "go-template-file=scripts/deploy/templates/$1.gotmpl"; }

# warn PROBLEM FIX: the stack runs anyway.
warn() { printf '  ! %s\n    Fix: %s\n' "$1" "$2" >&2; }

# stop PROBLEM FIX: the stack cannot run.
stop() {
  printf '%s: %s\n  Fix: %s\n' "${0##*/}" "$1" "$2" >&2
  exit 1
}
