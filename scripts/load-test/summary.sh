# shellcheck shell=bash disable=SC2154
# The results of runs, for people at the terminal.

# From results with beginnings: requests, failed, refused (503), total seconds, successful requests per second, p50, p95, p99.
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
  local all failed refused total rate p50 p95 p99 limited
  read -r all failed refused total rate p50 p95 p99 <<<"$(summarize "$1")"
  echo
  awk '$4 ~ /^2/ { print $5 }' "$1" | sort | uniq -c | awk '{ printf "%-36s %6d\n", $2, $1 }'
  echo
  echo "requests  $all in $total s: $rate a second"
  [ "$p50" = - ] || echo "times     p50 $p50 s, p95 $p95 s, p99 $p99 s"
  echo "failed    $failed$([ "$refused" = 0 ] || echo ", $refused of them refused because the stack was full (503)")"
  limited=$(awk '$4 == 429' "$1" | wc -l)
  [ "$limited" -eq 0 ] || echo "limited   $((limited)) exceeded the limit for one client (429): see \"Limits by client\" in docs/OPERATIONS.md"
}

# A line for each step: replicas, the summary, speed-up and efficiency compared with the first step.
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
