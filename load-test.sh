#!/usr/bin/env bash
# Load on a running Millrace, and what replicas gain: ./load-test.sh --help. Needs bash 3.2, curl 7.75 and awk, nothing else.
case ${BASH_VERSION:-} in '' | [12].* | 3.[01].*) echo "load-test.sh needs bash 3.2 or newer: bash load-test.sh" >&2; exit 2 ;; esac
set -euo pipefail
export LC_ALL=C

usage() {
  cat <<'END'
Usage: ./load-test.sh [OPTION...]

Sends requests to a running Millrace, several at a time, and tells which replica answered each, and when.
Without options: 20 pictures to blur, all at once.

  --url URL            the endpoint (default: $MILLRACE_URL, else http://localhost:8080)
  -n, --requests N     how many requests (default 20)
  -c, --concurrency N  how many at a time, up to 300 (default 20)
  --duration TIME      as many as go into this time instead: 30s, 2m
  --target TARGET      upload (default), analyze, tasks, health, or a path for GET, such as /api/tasks
  --file PICTURE       the picture to upload (default: a small one of its own)
  --compare 1,2,4      the same load with each of these numbers of blur-workers; prints what the replicas gain, and writes a
                       .json file and a picture (.svg, .html). The number from before is put back at the end, also after Ctrl-C
  --on WHERE           what runs at the URL, for --compare: local (npm start), compose or kubernetes (default: is found out)
  --out FOLDER         for the files (default with --compare: load-test-results)
  --help               this text

Exit status: 0 all answered, 1 some requests failed, 2 it could not be run.

For --compare start the stack with work that one CPU does not limit: BLUR_DELAY_MS=2000 npm start
END
}

# ---- the command line ------------------------------------------------------------------------------------------------

die() {
  clear_progress
  echo "load-test.sh: $*" >&2
  exit 2
}

clear_progress() { if [ -t 1 ]; then printf '\r\033[K'; fi; }
# A line that the next one replaces, for people who watch.
progress() { if [ -t 1 ]; then printf '\r\033[K%s' "$*"; fi; }

url=${MILLRACE_URL:-http://localhost:8080}
requests=20
concurrency=20
duration=
target=upload
file=
compare=
platform=
out=

read_arguments() {
  local value
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h) usage; exit 0 ;;
      --*=*) value=$1; shift; set -- "${value%%=*}" "${value#*=}" "$@"; continue ;;
      --url | -n | --requests | -c | --concurrency | --duration | --target | --file | --compare | --on | --out) ;;
      *) die "there is no option $1. See ./load-test.sh --help" ;;
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
  [ -z "$file" ] || [ -r "$file" ] || die "the picture $file cannot be read"
  if [ -n "$compare" ]; then
    [[ $compare =~ ^[1-9][0-9]?(,[1-9][0-9]?)*$ ]] || die "--compare must look like 1,2,4, not \"$compare\""
    [ "$target" = upload ] || die "--compare is for uploads: blur-worker is what it scales"
    out=${out:-load-test-results}
  fi
  [[ $platform =~ ^(local|compose|kubernetes)?$ ]] || die "--on must be local, compose or kubernetes, not \"$platform\""
}

check_curl() {
  local version
  command -v curl >/dev/null || die "curl is not installed"
  version=$(curl --version | awk 'NR == 1 { split($2, v, "."); print v[1] * 1000 + v[2] }')
  [ "$version" -ge 7075 ] || die "curl 7.75 or newer is needed; this is $(curl --version | head -n 1)"
}

# curl without a proxy, and without ~/.curlrc.
direct=(curl --disable --noproxy '*')

# Sets `reach`, the curl that asks the endpoint: directly on this machine, else as the shell and ~/.curlrc say.
choose_curl() {
  reach=(curl)
  if [[ $url =~ ^https?://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?$ ]]; then reach=("${direct[@]}"); fi
}

cores() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo '?'; }

# ---- one run ---------------------------------------------------------------------------------------------------------

# Sets `request` (arguments of curl) and `path`.
prepare_request() {
  case $target in
    upload)
      path=/upload
      if [ -z "$file" ]; then
        file=$work/picture.png
        # 48 × 32 pixels, a checkerboard in two colours.
        printf '\211PNG\015\012\032\012\000\000\000\015IHDR\000\000\000\060\000\000\000\040\001\003\000\000\000n\032i\137' >"$file"
        printf '\000\000\000\006PLTE\037o\264\377\322JE\012\013\056\000\000\000\025IDATx\332c\340\007\003\006\254\324\007' >>"$file"
        printf '\060\300N\015\021\175\000\073\313\137\241\217\262\017\312\000\000\000\000IEND\256B\140\202' >>"$file"
      fi
      # The form is made here: curl would make it anew for each request.
      {
        printf -- '--millrace\r\nContent-Disposition: form-data; name="effects"\r\n\r\nblur\r\n'
        printf -- '--millrace\r\nContent-Disposition: form-data; name="file"; filename="picture"\r\n\r\n'
        cat "$file"
        printf -- '\r\n--millrace--\r\n'
      } >"$work/form"
      request=(--header 'Content-Type: multipart/form-data; boundary=millrace' --data-binary "@$work/form")
      ;;
    analyze)
      path=/analyze
      request=(--header 'Content-Type: application/json' --data '{"text":"Hello, how are you?"}')
      ;;
    tasks) path=/api/add/load-test request=(--request POST) ;;
    health) path=/health request=(--request GET) ;;
    *) path=$target request=(--request GET) ;;
  esac
}

# One curl sends everything: it begins the next request when one ends, and writes a line about each as it ends. `#…` is never
# sent; it numbers the requests, and #1 or #2 in --output the file of each answer: for an open end a thousand names in turn.
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
    cd "$work"
    exec "${reach[@]}" --silent --no-progress-meter --parallel --parallel-immediate --parallel-max "$concurrency" --http1.1 \
      --connect-timeout 5 --max-time 180 "${request[@]}" --include --output "$answer" \
      --write-out '%{stderr}= %{http_code} %{time_total} %{exitcode} %{filename_effective} %{url_effective} %{errormsg}\n' \
      "$url$path#$numbers" 2>lines
  ) &
  curl=$!
}

# The replica that did the work: of an upload the one that blurred, else the one that answered. Sets `pod`.
read_pod() {
  local text='' tries
  pod=-
  [ "$status" != 000 ] || return 0
  # curl may tell of the end of a request before it has closed the file.
  for tries in 1 2 3 4 5 6 7 8 9; do
    [ ! -f "$work/$answer" ] || IFS= read -r -d '' text <"$work/$answer" || true
    [ -z "$text" ] || break
    [ "$tries" -lt 9 ] || return 0
  done
  if [[ $text =~ \"effect\":\"blur\",\"pod\":\"([^\"]+)\" || $text =~ [Xx]-[Ss]erved-[Bb]y:\ ([^[:space:]]+) ]]; then
    pod=${BASH_REMATCH[1]}
  fi
}

# Runs the load. $1: what it is called in the progress line; $2: where the results go, a line each, in the order in which
# they ended: number, status, seconds, replica; $3: whether to print each.
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
    # Without a line for a second it is time to show that time passes. What was read of a line by then is kept.
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
        if [ "$exit" != 0 ]; then pod=$problem; elif [ "$status" = 503 ]; then pod="$pod (no room)"; fi
        awk -v i="$done" -v s="$status" -v t="$time" -v p="$pod" 'BEGIN { printf "%4d  %s  %7.3f s  %s\n", i, s, t, p }'
      fi
    fi
    # Those under way are given up, and do not count.
    if [ -n "$clock" ] && ! kill -0 "$clock" 2>/dev/null; then kill "$curl" 2>/dev/null || true; fi
    progress "$label: $done$all, $failed failed, $((SECONDS - begun)) s"
  done
  exec 3<&-
  wait "$curl" 2>/dev/null || true
  curl='' clock=''
  clear_progress
  [ -n "$duration" ] || [ "$done" = "$requests" ] || die "curl told of $done requests only, not of $requests"
}

# curl begins a request in the moment in which another ends, so when each began follows from the order in which they ended.
# Adds the second in which each began: number, begun, seconds, status, replica.
with_beginnings() {
  awk -v c="$concurrency" '{
    begun = $1 <= c ? 0 : free[$1]
    free[c + NR] = begun + $3
    printf "%d %.3f %.3f %s %s\n", $1, begun, $3, $2, $4
  }' "$1"
}

# ---- what it comes to ------------------------------------------------------------------------------------------------

# From results with beginnings: requests, failed, refused (503), total seconds, requests answered per second, p50, p95, p99.
summarize() {
  sort -n -k 3,3 "$1" | awk '
    $4 ~ /^2/ { time[++n] = $3 }
    $4 == 503 { refused++ }
    { if ($2 + $3 > total) total = $2 + $3 }
    function percentile(p,  rank) { rank = int(n * p / 100); if (rank < n * p / 100) rank++; return n ? time[rank] : "-" }
    END {
      printf "%d %d %d %.3f %.2f %s %s %s\n", NR, NR - n, refused, total, (total ? n / total : 0),
        percentile(50), percentile(95), percentile(99)
    }'
}

print_summary() {
  local all failed refused total rate p50 p95 p99
  read -r all failed refused total rate p50 p95 p99 <<<"$(summarize "$1")"
  echo
  awk '$4 ~ /^2/ { print $5 }' "$1" | sort | uniq -c | awk '{ printf "%-36s %6d\n", $2, $1 }'
  echo
  echo "requests  $all in $total s: $rate a second"
  [ "$p50" = - ] || echo "times     p50 $p50 s, p95 $p95 s, p99 $p99 s"
  echo "failed    $failed$([ "$refused" = 0 ] || echo ", $refused of them refused as there was no room (503)")"
}

# A line for each step: replicas, the summary, speed-up and efficiency against the first step.
comparison() {
  local replicas
  for replicas in "${steps[@]}"; do
    echo "$replicas $(summarize "$work/step-$replicas")"
  done | awk '{
    if (NR == 1) { r = $1; t = $5 }
    printf "%s %.2f %.0f\n", $0, $5 ? t / $5 : 0, ($5 && $1 > 0) ? 100 * t / $5 * r / $1 : 100
  }'
}

print_comparison() {
  awk '
    { line[NR] = $0; if ($5 > longest) longest = $5 }
    END {
      printf "\nreplicas    total   req/s      p50      p95      p99  failed  speed-up  efficiency\n"
      for (i = 1; i <= NR; i++) {
        split(line[i], f, " ")
        printf "%8d %6.1f s %7.2f %6.2f s %6.2f s %6.2f s %7d %9s %10d%%\n",
          f[1], f[5], f[6], f[7], f[8], f[9], f[3], "x" f[10], f[11]
      }
      printf "\n"
      for (i = 1; i <= NR; i++) {
        split(line[i], f, " ")
        bar = ""
        for (j = 0; j < 50 * f[5] / longest; j++) bar = bar "█"
        printf "%3d  %s %.1f s\n", f[1], bar, f[5]
      }
    }' "$work/comparison"
}

write_files() {
  local name
  mkdir -p "$out"
  name=$out/$(date +%Y-%m-%dT%H-%M-%S)
  write_json >"$name.json"
  write_svg >"$name.svg"
  {
    echo '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    echo '<title>Millrace under load</title><style>:root{color-scheme:light dark}body{margin:0}svg{display:block;width:100%}</style>'
    cat "$name.svg"
    echo '</html>'
  } >"$name.html"
  echo
  echo "$name.json, .svg and .html"
}

platform_name() {
  case $platform in
    local) echo 'Local processes (npm start), ' ;;
    compose) echo 'Docker Compose, ' ;;
    kubernetes) echo 'Kubernetes, ' ;;
  esac
}

write_json() {
  local replicas
  printf '{"time":"%s","url":"%s","on":"%s","cores":"%s","target":"%s","concurrency":%d,"duration_s":%s,"steps":[' \
    "$started" "$url" "$platform" "$(cores)" "$target" "$concurrency" "${duration:-null}"
  for replicas in "${steps[@]}"; do
    awk -v step="$replicas" '
      FNR == NR {
        if ($1 != step) next
        for (i = 7; i <= 9; i++) if ($i == "-") $i = "null"
        printf "%s\n{\"replicas\":%d,\"requests\":%d,\"failed\":%d,\"refused\":%d,\"total_s\":%s,\"requests_per_s\":%s,", \
          (first != step ? "," : ""), $1, $2, $3, $4, $5, $6
        printf "\"p50_s\":%s,\"p95_s\":%s,\"p99_s\":%s,\"speed_up\":%s,\"efficiency\":%.2f,\"timeline\":[", $7, $8, $9, $10, $11 / 100
        next
      }
      { printf "%s\n{\"begun_s\":%s,\"seconds\":%s,\"status\":%d,\"pod\":\"%s\"}", (FNR > 1 ? "," : ""), $2, $3, $4, $5 }
      END { printf "]}" }' first="${steps[0]}" "$work/comparison" "$work/step-$replicas"
  done
  printf ']}\n'
}

# Each step is a panel on the same scale of time, each request a line in it, coloured by its replica: pale while it waits until
# that replica has finished what it did before, strong from then on.
write_svg() {
  local replicas files=()
  for replicas in "${steps[@]}"; do files+=("$work/step-$replicas"); done
  awk -v target="$target" -v duration="$duration" -v concurrency="$concurrency" -v requests="$requests" \
    -v where="$(platform_name)" -v cores="$(cores)" -v day="${started%T*}" '
    FNR == 1 { file++ }
    file == 1 { step[++steps] = $0; next }
    {
      s = file - 1
      if (FNR > 400) { cut = 1; next }
      n = ++count[s]; begun[s, n] = $2; ended[s, n] = $2 + $3; status[s, n] = $4; pod[s, n] = $5
      if (ended[s, n] > longest) longest = ended[s, n]
      if ($4 ~ /^2/ && !((s, $5) in share)) {
        name[s, ++pods[s]] = $5
        if (!($5 in nth)) nth[$5] = ++known
      }
      if ($4 ~ /^2/) share[s, $5]++
    }
    function text(x, y, class, words) { printf "<text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n", x, y, class, words }
    function color(i) { return "c" (i - 1) % 8 }
    function bar(class, x1, x2, y, h) {
      if (x2 > x1) printf "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", class, x1, y, x2 - x1, h
    }
    END {
      left = 230; right = 1170; top = 120
      tick = 0.01
      while (longest / tick > 10) tick *= (++ticks % 3 == 2) ? 2.5 : 2
      height = top
      for (s = 1; s <= steps; s++) {
        row[s] = 260 / (count[s] ? count[s] : 1); if (row[s] > 13) row[s] = 13
        high[s] = 34 + 26 * int((pods[s] + 2) / 3) + row[s] * count[s]; if (high[s] < 130) high[s] = 130
        height += high[s]
      }
      height += 60
      printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1200 %d\" role=\"img\" aria-label=\"Time line of every request for each number of replicas\">\n", height
      print "<style>svg{background:#fff;font:17px system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}text{fill:#1b1f24}"
      print ".title{font-size:30px;font-weight:700}.big{font-size:26px;font-weight:700}.quiet{fill:#57606a}.end{text-anchor:end}.middle{text-anchor:middle}"
      print "line{stroke:#d0d7de}.axis{stroke:#57606a}.ground{fill:#fff}.failed{fill:#cf222e}.wait{opacity:.22}"
      print ".c0{fill:#0072b2}.c1{fill:#e69f00}.c2{fill:#009e73}.c3{fill:#cc5c9c}.c4{fill:#56b4e9}.c5{fill:#d55e00}.c6{fill:#8c6bb1}.c7{fill:#7f8c8d}"
      print "@media(prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#f0f3f6}.quiet{fill:#9ea7b3}line{stroke:#30363d}.axis{stroke:#9ea7b3}"
      print ".ground{fill:#0d1117}.c0{fill:#3d9be0}.wait{opacity:.3}}</style>"
      printf "<rect class=\"ground\" width=\"1200\" height=\"%d\"/>\n", height
      load = target == "upload" ? "pictures to blur" : "requests (" target ")"
      text(30, 52, "title", (duration ? duration " s of " load : requests " " load) ", " concurrency " at a time")
      text(30, 84, "quiet", where day ", on a machine of " cores " cores. Pale: waiting; strong: in work at the replica of that colour.")
      bottom = height - 50
      for (t = 0; t <= longest * 1.0001; t += tick) {
        x = left + (right - left) * t / longest
        printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n", x, x, top, bottom
        text(x, bottom + 26, "quiet middle", t " s")
      }
      y = top
      for (s = 1; s <= steps; s++) {
        split(step[s], f, " ")
        printf "<line class=\"axis\" x1=\"30\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n", right, y, y
        text(30, y + 38, "big", f[1] == "-" ? "" : f[1] (f[1] == 1 ? " replica" : " replicas"))
        text(30, y + 66, "", sprintf("%.1f s, %.2f a second", f[5], f[6]))
        if (steps > 1) text(30, y + 92, "", "speed-up " f[10] ", " f[11] " %")
        if (f[3] > 0) text(30, y + 118, "", f[3] " failed")
        for (i = 1; i <= pods[s]; i++) {
          x = left + (i - 1) % 3 * 313; line = y + 28 + 26 * int((i - 1) / 3)
          bar(color(nth[name[s, i]]), x, x + 15, line - 13, 15)
          text(x + 22, line, "", name[s, i] " (" share[s, name[s, i]] ")")
        }
        at = y + 16 + 26 * int((pods[s] + 2) / 3)
        for (n = 1; n <= count[s]; n++) {
          from = begun[s, n]; p = pod[s, n]; h = row[s] > 3 ? row[s] - 2 : row[s]
          scale = (right - left) / longest
          if (status[s, n] !~ /^2/) bar("failed", left + from * scale, left + ended[s, n] * scale + 2, at, h)
          else {
            work = from < free[s, p] ? free[s, p] : from
            if (work > ended[s, n]) work = ended[s, n]
            free[s, p] = ended[s, n]
            class = color(nth[p])
            bar(class " wait", left + from * scale, left + work * scale, at, h)
            bar(class, left + work * scale, left + ended[s, n] * scale, at, h)
          }
          at += row[s]
        }
        y += high[s]
      }
      printf "<line class=\"axis\" x1=\"30\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n", right, bottom, bottom
      if (cut) text(30, bottom + 26, "quiet", "the first 400 requests")
      print "</svg>"
    }' "$work/comparison" "${files[@]}"
}

# ---- the three places where it can run, and the number of blur-workers there --------------------------------------------

# The healthy blur-workers that the endpoint knows, a line each.
replicas_seen() {
  "${reach[@]}" --silent --max-time 5 "$url/health" |
    grep -o '"status":"healthy","service":"blur-worker","pod":"[^"]*"' | sed 's/.*:"//; s/"$//' || true
}

# Those of each place. Nothing where it does not run.
local_replicas() {
  local state count i
  state=$("${direct[@]}" --silent --max-time 5 --unix-socket .local/control http://local/scale 2>/dev/null) || return 0
  # Another checkout's stack has the same names on another port.
  [[ $state =~ \"url\":\"[^\"]*:([0-9]+)\" && ${url##*:} == "${BASH_REMATCH[1]}" ]] || return 0
  [[ $state =~ \"blur-worker\":([0-9]+) ]] || return 0
  count=${BASH_REMATCH[1]}
  for ((i = 1; i <= count; i++)); do echo "blur-worker-$i"; done
}

compose_replicas() {
  command -v docker >/dev/null || return 0
  docker compose ps --status running --quiet blur-worker 2>/dev/null | sed 's/^\(............\).*/blur-worker-\1/' || true
}

kubernetes_replicas() {
  command -v kubectl >/dev/null || return 0
  kube get pods --output name 2>/dev/null | sed -n 's|^pod/\(blur-worker-.*\)|\1|p' || true
}

kube() { kubectl --request-timeout=10s --namespace millrace "$@"; }

# Sets `platform` to the place whose replicas answer at the URL.
find_platform() {
  local seen place
  seen=$(replicas_seen)
  [ -n "$seen" ] || die "no healthy blur-worker is to be seen at $url/health. Does the stack run there?"
  [ -z "$platform" ] || return 0
  for place in local compose kubernetes; do
    if [ -n "$("${place}_replicas" | grep -Fx "$seen" || true)" ]; then
      platform=$place
      return 0
    fi
  done
  die "what runs at $url is neither this checkout's npm start, nor its Compose project, nor in the namespace millrace of kubectl's cluster ($(echo "$seen" | head -n 1))"
}

# What must be known to put everything back. New replicas in Compose take what the shell says: the same as those that run.
remember_platform() {
  local container environment name
  before=$("${platform}_replicas" | wc -l | tr -d ' ')
  case $platform in
    compose)
      container=$(docker compose ps --status running --quiet blur-worker | head -n 1)
      environment=$(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}VERSION={{.Config.Image}}' "$container")
      for name in BLUR_DELAY_MS LOG_LEVEL VERSION; do
        export "$name=$(echo "$environment" | sed -n "s/^$name=//p" | sed 's/.*://')"
      done
      ;;
    kubernetes)
      autoscaler=$(kube get hpa --output jsonpath='{range .items[?(@.spec.scaleTargetRef.name=="blur-worker")]}{.metadata.name} {.spec.minReplicas} {.spec.maxReplicas}{end}')
      before=$(kube get deployment blur-worker --output jsonpath='{.spec.replicas}')
      ;;
  esac
}

set_replicas() {
  local answer name
  case $platform in
    local)
      answer=$("${direct[@]}" --silent --show-error --max-time 180 --unix-socket .local/control --data "blur-worker=$1" http://local/scale)
      [[ $answer != *'"error"'* ]] || die "the local stack could not be scaled: $answer"
      ;;
    compose)
      COMPOSE_PROGRESS=quiet docker compose up --detach --no-recreate --no-deps --scale "blur-worker=$1" blur-worker
      ;;
    kubernetes)
      # An autoscaler that may only choose this number holds still.
      if [ -n "$autoscaler" ]; then limit_autoscaler "$1" "$1"; fi
      kube scale deployment blur-worker --replicas="$1" >/dev/null
      kubectl --namespace millrace rollout status deployment blur-worker --timeout=120s >/dev/null
      ;;
  esac
}

limit_autoscaler() {
  kube patch hpa "${autoscaler%% *}" --patch "{\"spec\":{\"minReplicas\":$1,\"maxReplicas\":$2}}" >/dev/null
}

# Several times in a row, as each gateway has a list of its own.
await_replicas() {
  local wanted=$1 agreed=0 deadline=$((SECONDS + 90))
  while [ "$agreed" -lt 4 ]; do
    if [ "$(replicas_seen | sort -u | grep -c . || true)" = "$wanted" ]; then agreed=$((agreed + 1)); else agreed=0; fi
    [ "$SECONDS" -lt "$deadline" ] || die "$wanted healthy blur-workers were not to be seen at $url/health within 90 s"
    sleep 0.4
  done
}

put_back() {
  [ -n "$before" ] || return 0
  echo "putting blur-worker back to $before" >&2
  if [ "$platform" = kubernetes ] && [ -n "$autoscaler" ]; then
    kube scale deployment blur-worker --replicas="$before" >/dev/null
    # shellcheck disable=SC2086 # its name and two numbers
    set -- $autoscaler
    limit_autoscaler "$2" "$3"
  else
    set_replicas "$before"
  fi
  before=
}

# ---- the whole -------------------------------------------------------------------------------------------------------

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

single_run() {
  echo "$url$path: ${duration:+for $duration s}$([ -n "$duration" ] || echo "$requests requests"), $concurrency at a time, from a machine of $(cores) cores"
  echo
  run_load load "$work/ended" "$([ -n "$duration" ] || echo yes)"
  with_beginnings "$work/ended" >"$work/step--"
  print_summary "$work/step--"
  comparison >"$work/comparison"
  [ -z "$out" ] || write_files
}

compared_runs() {
  local replicas fastest
  find_platform
  remember_platform
  echo "$url ($platform): ${duration:+for $duration s}$([ -n "$duration" ] || echo "$requests pictures to blur"), $concurrency at a time, with $compare blur-workers, on a machine of $(cores) cores"
  IFS=, read -r -a steps <<<"$compare"
  for replicas in "${steps[@]}"; do
    progress "$(counted "$replicas"): starting"
    set_replicas "$replicas"
    await_replicas "$replicas"
    warm_up "$replicas"
    run_load "$(counted "$replicas")" "$work/ended" no
    with_beginnings "$work/ended" >"$work/step-$replicas"
    echo "$(counted "$replicas"): $(summarize "$work/step-$replicas" | awk '{ print $1 " requests in " $4 " s, " $2 " failed" }')"
  done
  comparison >"$work/comparison"
  print_comparison
  fastest=$(sort -n "$work/warm-up" | head -n 1)
  if awk -v t="$fastest" 'BEGIN { exit !(t < 0.15) }'; then
    echo
    echo "A single picture takes $fastest s: no delay is set, so this shows the CPUs. To show replicas, start with BLUR_DELAY_MS=2000."
  fi
  write_files
}

counted() { if [ "$1" = 1 ]; then echo "1 replica"; else echo "$1 replicas"; fi; }

# A request for each replica, so that none pays for its first one in the measurement.
warm_up() {
  local all=$requests at_once=$concurrency for=$duration
  requests=$1 concurrency=$1 duration=
  run_load "$(counted "$1"): warming up" "$work/warm" no
  requests=$all concurrency=$at_once duration=$for
  awk '{ print $3 }' "$work/warm" >>"$work/warm-up"
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
cd "$(dirname "${BASH_SOURCE[0]}")"
prepare_request
if [ -n "$compare" ]; then compared_runs; else single_run; fi
awk '$3 > 0 { failed = 1 } END { exit failed }' "$work/comparison"
