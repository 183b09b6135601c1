#!/usr/bin/env bash
# Puts load on a running Millrace, and shows what more replicas bring: ./load-test.sh --help. Needs only bash 3.2, curl 7.75 and awk. Its parts
# are in scripts/load-test/, one subject per file.
# shellcheck disable=SC2034,SC2154 # its parts read and set what is used here
case ${BASH_VERSION:-} in '' | [12].* | 3.[01].*) echo "load-test.sh needs bash 3.2 or newer: bash load-test.sh" >&2; exit 2 ;; esac
set -euo pipefail
export LC_ALL=C

url=${MILLRACE_URL:-http://localhost:8080}
requests=20 concurrency=20 duration=''
target=upload file=''
compare='' platform='' out=''

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for part in messages arguments request run summary files replicas compare; do
  # shellcheck source=/dev/null
  . "$root/scripts/load-test/$part.sh"
done

usage() {
  cat <<'END'
Usage: ./load-test.sh [OPTION...]

Sends requests to a running Millrace, several at a time, and shows which replica answered each, and when.
Without options: 20 images to blur, all at once.

  --url URL            the endpoint (default: $MILLRACE_URL, else http://localhost:8080)
  -n, --requests N     how many requests (default 20)
  -c, --concurrency N  how many at a time, up to 300 (default 20)
  --duration TIME      send as many as possible for this long instead: 30s, 2m
  --target TARGET      upload (default), analyze, tasks, health, or a path for GET, such as /api/tasks
  --file IMAGE         the image to upload (default: a small generated one)
  --compare 1,2,4      the same load with each of these numbers of blur-workers; prints what more replicas bring, and writes a
                       .json file and an image (.svg, .html). The previous number is restored at the end, even after Ctrl-C
  --on WHERE           what runs at the URL, for --compare: local (npm start), compose or kubernetes (default: detected)
  --out FOLDER         where to write the files (default with --compare: load-test-results)
  --help               show this help

Environment:
  MILLRACE_TOKEN       an access token or an API key, where people sign in (AUTH_MODE=jwt)

Exit status: 0 if all requests succeeded, 1 if some failed, 2 if the test could not run.

For --compare, start the stack with work that does not depend on the CPU: BLUR_DELAY_MS=2000 npm start
END
}

single_run() {
  echo "$url$path: ${duration:+for $duration s}$([ -n "$duration" ] || echo "$requests requests"), $concurrency at a time, from a machine of $(cores) cores"
  echo
  run_load load "$work/ended" "$([ -n "$duration" ] || echo yes)"
  with_beginnings "$work/ended" >"$work/step--"
  print_summary "$work/step--"
  comparison >"$work/comparison"
  [ -z "$out" ] || write_files
}

clean_up() {
  local result=$?
  # Once is enough.
  trap '' INT TERM
  set +e
  [ -z "$curl" ] || kill "$curl" 2>/dev/null
  [ -z "$clock" ] || kill "$clock" 2>/dev/null
  clear_progress
  put_back
  rm -rf "$work"
  exit "$result"
}

read_arguments "$@"
check_arguments
check_curl
choose_curl
curl='' clock='' before='' autoscaler='' steps=(-)
started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
work=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -n "$file" ] && [ "${file#/}" = "$file" ]; then file=$PWD/$file; fi
if [ -n "$out" ] && [ "${out#/}" = "$out" ]; then out=$PWD/$out; fi
cd "$root"
prepare_request
if [ -n "$compare" ]; then compared_runs; else single_run; fi
awk '$3 > 0 { failed = 1 } END { exit failed }' "$work/comparison"
