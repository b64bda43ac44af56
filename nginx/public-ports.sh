# Where the public ports listen, what HTTP_PORT serves for an ACME client, and what changes with TLS_DIR. Sourced
# by start.sh; uses its functions, and adds to its $keep.

acme_webroot=''
[ -z "${ACME_WEBROOT:-}" ] || acme_webroot=$(folder ACME_WEBROOT "$ACME_WEBROOT")
# Without an address, nginx listens on every IPv4 address, and the template has a second line for IPv6.
listen_on() { # ADDRESS PORT
  case $1 in '') echo "$2" ;; *:*) echo "[$1]:$2" ;; *) echo "$1:$2" ;; esac
}
case $keep in *ipv6*)
  [ -n "${HTTP_ADDRESS:-}" ] || keep="$keep http6"
  [ -n "${RTMP_ADDRESS:-}" ] || keep="$keep rtmp6"
  ;;
esac
[ -z "$acme_webroot" ] || keep="$keep acme"

# Where the page is served: at HTTP_PORT, or with a certificate at HTTPS_PORT.
public_port=$HTTP_PORT public_tls='' public_origin='' public_host='' public_port_suffix=''

if [ -n "${TLS_DIR:-}" ]; then
  port HTTPS_PORT "$HTTPS_PORT"
  port RTMPS_PORT "$RTMPS_PORT"
  path TLS_DIR "$TLS_DIR"
  case $HSTS_MAX_AGE in *[!0-9]*) fail "HSTS_MAX_AGE must be a number of seconds" ;; esac
  keep="$keep tls"
  case $keep in *rtmp6*) keep="$keep rtmps6" ;; esac
  [ "$HSTS_MAX_AGE" = 0 ] || keep="$keep hsts"
  public_port=$HTTPS_PORT public_tls=' ssl'
  # nginx 1.25.1 has a directive for HTTP/2, and warns when it is a parameter of listen.
  version=$("$NGINX" -v 2>&1 | sed 's|.*/\([0-9.]*\).*|\1|')
  if [ "$(printf '%s\n' 1.25.1 "$version" | sort -V | head -n 1)" = 1.25.1 ]; then
    keep="$keep http2"
  else
    public_tls=' ssl http2'
  fi
  # HTTP_PORT redirects to the host that was asked for, at the port that viewers use: PUBLIC_URL's, because
  # a container or a router may offer HTTPS_PORT at another one.
  public_origin=$(echo "$PUBLIC_URL" | sed 's|^\([a-z]*://[^/]*\).*|\1|')
  case $public_origin in https://*) ;; *) public_origin=https://localhost:$HTTPS_PORT ;; esac
  public_host=${public_origin#https://}
  case $public_host in *[!][A-Za-z0-9.:_-]*) fail "PUBLIC_URL must begin with https://host or https://host:port" ;; esac
  case $public_host in
    *\]) ;;
    *:*) public_port_suffix=:${public_host##*:} public_host=${public_host%:*} ;;
  esac
fi

public_values() {
  value HTTP_LISTEN "$(listen_on "${HTTP_ADDRESS:-}" "$HTTP_PORT")"
  value RTMP_LISTEN "$(listen_on "${RTMP_ADDRESS:-}" "$RTMP_PORT")"
  value ACME_WEBROOT "$acme_webroot"
  value PUBLIC_PORT "$public_port"
  value PUBLIC_TLS "$public_tls"
  value PUBLIC_LISTEN "$(listen_on "${HTTP_ADDRESS:-}" "$public_port")$public_tls"
  value PUBLIC_ORIGIN "$public_origin"
  value PUBLIC_HOST "$public_host"
  value PUBLIC_PORT_SUFFIX "$public_port_suffix"
  value TLS_DIR "${TLS_DIR:-}"
  value HSTS_MAX_AGE "${HSTS_MAX_AGE:-}"
  value RTMPS_PORT "${RTMPS_PORT:-}"
  value RTMPS_LISTEN "$(listen_on "${RTMP_ADDRESS:-}" "${RTMPS_PORT:-}")"
  # Another address of loopback than the internal RTMP server's, so that it needs no port of its own.
  value RTMP_BEHIND "127.0.0.2:$INTERNAL_RTMP_PORT"
}
