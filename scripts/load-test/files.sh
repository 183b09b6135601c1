# shellcheck shell=bash disable=SC2154
# Writes the results to files.

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

# Each step is a panel on the same time scale, each request a line in it, coloured by its replica: pale while it waits for the replica's
# previous request, strong from then on.
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
      printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1200 %d\" role=\"img\" aria-label=\"Timeline of every request for each number of replicas\">\n", height
      print "<style>svg{background:#fff;font:17px system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}text{fill:#1b1f24}"
      print ".title{font-size:30px;font-weight:700}.big{font-size:26px;font-weight:700}.quiet{fill:#57606a}.end{text-anchor:end}.middle{text-anchor:middle}"
      print "line{stroke:#d0d7de}.axis{stroke:#57606a}.ground{fill:#fff}.failed{fill:#cf222e}.wait{opacity:.22}"
      print ".c0{fill:#0072b2}.c1{fill:#e69f00}.c2{fill:#009e73}.c3{fill:#cc5c9c}.c4{fill:#56b4e9}.c5{fill:#d55e00}.c6{fill:#8c6bb1}.c7{fill:#7f8c8d}"
      print "@media(prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#f0f3f6}.quiet{fill:#9ea7b3}line{stroke:#30363d}.axis{stroke:#9ea7b3}"
      print ".ground{fill:#0d1117}.c0{fill:#3d9be0}.wait{opacity:.3}}</style>"
      printf "<rect class=\"ground\" width=\"1200\" height=\"%d\"/>\n", height
      load = target == "upload" ? "images to blur" : "requests (" target ")"
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
