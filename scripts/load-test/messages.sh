# shellcheck shell=bash
# The messages of load-test.sh.

die() {
  clear_progress
  echo "load-test.sh: $*" >&2
  exit 2
}

clear_progress() { if [ -t 1 ]; then printf '\r\033[K'; fi; }

# A line that the next one replaces, for people who watch.
progress() { if [ -t 1 ]; then printf '\r\033[K%s' "$*"; fi; }

cores() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo '?'; }
