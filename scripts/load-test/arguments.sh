# shellcheck shell=bash disable=SC2034
# The command line.

read_arguments() {
  local value
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h) usage; exit 0 ;;
      --*=*) value=$1; shift; set -- "${value%%=*}" "${value#*=}" "$@"; continue ;;
      --url | -n | --requests | -c | --concurrency | --duration | --target | --file | --compare | --on | --out) ;;
      *) die "unknown option $1. See ./load-test.sh --help" ;;
    esac
    [ $# -gt 1 ] || die "$1 needs a value. See ./load-test.sh --help"
    case $1 in
      --url) url=${2%/} ;;
      -n | --requests) requests=$2 ;;
      -c | --concurrency) concurrency=$2 ;;
      --duration) duration=$2 ;;
      --target) target=$2 ;;
      --file) file=$2 ;;
      --compare) compare=$2 ;;
      --on) platform=$2 ;;
      --out) out=$2 ;;
    esac
    shift 2
  done
}

check_arguments() {
  [[ $url =~ ^https?://[^[:space:]/]+$ ]] || die "--url must look like http://localhost:8080, not \"$url\""
  [[ $requests =~ ^[1-9][0-9]{0,5}$ ]] || die "-n must be a number from 1 to 999999, not \"$requests\""
  [[ $concurrency =~ ^[1-9][0-9]{0,2}$ && $concurrency -le 300 ]] ||
    die "-c must be a number from 1 to 300, not \"$concurrency\""
  if [ -n "$duration" ]; then
    [[ $duration =~ ^([1-9][0-9]{0,4})(s|m)?$ ]] || die "--duration must look like 30s or 2m, not \"$duration\""
    duration=${BASH_REMATCH[1]}
    [ "${BASH_REMATCH[2]}" != m ] || duration=$((duration * 60))
  elif [ "$concurrency" -gt "$requests" ]; then
    concurrency=$requests
  fi
  [[ $target =~ ^(upload|analyze|tasks|health|/[^][{}[:space:]]*)$ ]] ||
    die "--target must be upload, analyze, tasks, health or a path such as /api/tasks, not \"$target\""
  [ -z "$file" ] || [ -r "$file" ] || die "the image $file cannot be read"
  if [ -n "$compare" ]; then
    [[ $compare =~ ^[1-9][0-9]?(,[1-9][0-9]?)*$ ]] || die "--compare must look like 1,2,4, not \"$compare\""
    [ "$target" = upload ] || die "--compare is for uploads: blur-worker is what it scales"
    out=${out:-load-test-results}
  fi
  [[ $platform =~ ^(local|compose|kubernetes)?$ ]] || die "--on must be local, compose or kubernetes, not \"$platform\""
}
