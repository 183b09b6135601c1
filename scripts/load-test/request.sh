# shellcheck shell=bash disable=SC2034,SC2154
# What is sent, and by which curl.

check_curl() {
  local version
  command -v curl >/dev/null || die "curl is not installed"
  version=$(curl --version | awk 'NR == 1 { split($2, v, "."); print v[1] * 1000 + v[2] }')
  [ "$version" -ge 7075 ] || die "curl 7.75 or newer is needed; this is $(curl --version | head -n 1)"
}

# curl without a proxy, and without ~/.curlrc.
direct=(curl --disable --noproxy '*')

# Sets `reach`, the curl command for the endpoint: directly if it is on this machine, otherwise as the shell and ~/.curlrc say.
choose_curl() {
  reach=(curl)
  if [[ $url =~ ^https?://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?$ ]]; then reach=("${direct[@]}"); fi
}

# Sets `request` (arguments of curl) and `path`.
prepare_request() {
  case $target in
    upload)
      path=/upload
      if [ -z "$file" ]; then
        file=$work/image.png
        # 48 × 32 pixels, a checkerboard in two colours.
        printf '\211PNG\015\012\032\012\000\000\000\015IHDR\000\000\000\060\000\000\000\040\001\003\000\000\000n\032i\137' >"$file"
        printf '\000\000\000\006PLTE\037o\264\377\322JE\012\013\056\000\000\000\025IDATx\332c\340\007\003\006\254\324\007' >>"$file"
        printf '\060\300N\015\021\175\000\073\313\137\241\217\262\017\312\000\000\000\000IEND\256B\140\202' >>"$file"
      fi
      # The form is built here: curl would build it again for each request.
      {
        printf -- '--millrace\r\nContent-Disposition: form-data; name="effects"\r\n\r\nblur\r\n'
        printf -- '--millrace\r\nContent-Disposition: form-data; name="file"; filename="image"\r\n\r\n'
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
  if [ -n "${MILLRACE_TOKEN:-}" ]; then
    # In a file: command lines are visible to everyone on the machine.
    printf 'Authorization: Bearer %s\n' "$MILLRACE_TOKEN" >"$work/authorization"
    request+=(--header "@$work/authorization")
  fi
}
