# shellcheck shell=bash disable=SC2154
# One run: sends requests, and reports each response as it arrives.

# One curl sends everything: it begins the next request when one ends, and writes a line about each one. `#…` is never sent; it numbers the
# requests, and #1 or #2 in --output is the file of each response: without a fixed number of requests, a thousand names in turn.
start_curl() {
  local numbers answer
  if [ -n "$duration" ]; then
    numbers='[0-9999][000-999]' answer='answers/#2'
  else
    numbers="[0-$((requests - 1))]" answer='answers/#1'
  fi
  rm -rf "$work/answers" "$work/lines"
  mkdir "$work/answers"
  mkfifo "$work/lines"
  (
    cd "$work" || exit
    exec "${reach[@]}" --silent --no-progress-meter --parallel --parallel-immediate --parallel-max "$concurrency" --http1.1 \
      --connect-timeout 5 --max-time 180 "${request[@]}" --include --output "$answer" \
      --write-out '%{stderr}= %{http_code} %{time_total} %{exitcode} %{filename_effective} %{url_effective} %{errormsg}\n' \
      "$url$path#$numbers" 2>lines
  ) &
  curl=$!
}

# The replica that did the work: for an upload the one that blurred, otherwise the one that responded. Sets `pod`.
read_pod() {
  local text='' tries
  pod=-
  [ "$status" != 000 ] || return 0
  # curl may report the end of a request before it has closed the file.
  for tries in 1 2 3 4 5 6 7 8 9; do
    [ ! -f "$work/$answer" ] || IFS= read -r -d '' text <"$work/$answer" || true
    [ -z "$text" ] || break
    [ "$tries" -lt 9 ] || return 0
  done
  if [[ $text =~ \"effect\":\"blur\",\"pod\":\"([^\"]+)\" || $text =~ [Xx]-[Ss]erved-[Bb]y:\ ([^[:space:]]+) ]]; then
    pod=${BASH_REMATCH[1]}
  fi
}

# Runs the load. $1: its name in the progress line; $2: the file for the results, one per line, in the order in which they ended: number,
# status, seconds, replica; $3: whether to print each one.
run_load() {
  local label=$1 results=$2 verbose=$3 line rest over='' begun=$SECONDS done=0 failed=0 wait=()
  local status time exit answer from problem pod all=" of $requests"
  [ -z "$duration" ] || all=' requests'
  : >"$results"
  if [ -t 1 ] || [ -n "$duration" ]; then wait=(-t 1); fi
  start_curl
  if [ -n "$duration" ]; then
    sleep "$duration" &
    clock=$!
  fi
  exec 3<"$work/lines"
  rest=
  while :; do
    # A second without a line: show that time passes. What was read of a line by then is kept.
    if ! IFS= read -r ${wait[@]+"${wait[@]}"} line <&3; then
      rest+=$line
      [ -z "$over" ] || break
      kill -0 "$curl" 2>/dev/null || over=yes
    else
      line=$rest$line rest=
      [[ $line == '= '* ]] || continue
      read -r status time exit answer from problem <<<"${line#= }"
      read_pod
      done=$((done + 1))
      if [[ $exit != 0 || $status != 2* ]]; then
        failed=$((failed + 1))
        [ "$exit" = 0 ] || status=000
      fi
      echo "$((10#${from##*#} + 1)) $status $time $pod" >>"$results"
      if [ "$verbose" = yes ]; then
        clear_progress
        if [ "$exit" != 0 ]; then pod=$problem; elif [ "$status" = 503 ]; then pod="$pod (no room)"; elif [ "$status" = 401 ]; then pod="$pod (set MILLRACE_TOKEN)"; elif [ "$status" = 429 ]; then pod="$pod (over the limit)"; fi
        awk -v i="$done" -v s="$status" -v t="$time" -v p="$pod" 'BEGIN { printf "%4d  %s  %7.3f s  %s\n", i, s, t, p }'
      fi
    fi
    # Running requests are cancelled, and do not count.
    if [ -n "$clock" ] && ! kill -0 "$clock" 2>/dev/null; then kill "$curl" 2>/dev/null || true; fi
    progress "$label: $done$all, $failed failed, $((SECONDS - begun)) s"
  done
  exec 3<&-
  wait "$curl" 2>/dev/null || true
  curl='' clock=''
  clear_progress
  [ -n "$duration" ] || [ "$done" = "$requests" ] || die "curl reported only $done of $requests requests"
}

# curl begins a request at the moment when another one ends, so the beginnings follow from the order in which requests ended. Adds the
# second in which each began: number, begun, seconds, status, replica.
with_beginnings() {
  awk -v c="$concurrency" '{
    begun = $1 <= c ? 0 : free[$1]
    free[c + NR] = begun + $3
    printf "%d %.3f %.3f %s %s\n", $1, begun, $3, $2, $4
  }' "$1"
}
