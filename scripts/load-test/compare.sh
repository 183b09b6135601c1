# shellcheck shell=bash disable=SC2154
# The same load with each number of blur-workers.

compared_runs() {
  local replicas fastest
  find_platform
  remember_platform
  echo "$url ($platform): ${duration:+for $duration s}$([ -n "$duration" ] || echo "$requests images to blur"), $concurrency at a time, with $compare blur-workers, on a machine of $(cores) cores"
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
    echo "A single image takes $fastest s: without a delay, this measures the CPUs. To measure replicas, start with BLUR_DELAY_MS=2000."
  fi
  write_files
}

counted() { if [ "$1" = 1 ]; then echo "1 replica"; else echo "$1 replicas"; fi; }

# Sends a request to each replica first, so that none pays for its first one in the measurement.
warm_up() {
  local all=$requests at_once=$concurrency for=$duration
  requests=$1 concurrency=$1 duration=
  run_load "$(counted "$1"): warming up" "$work/warm" no
  requests=$all concurrency=$at_once duration=$for
  awk '{ print $3 }' "$work/warm" >>"$work/warm-up"
}
