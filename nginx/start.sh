#!/bin/sh
# Starts nginx for OnAir in the foreground: renders onair.conf.template with the settings of the
# environment and becomes nginx. The same script runs under npm start and as the container's entrypoint.
#
# Settings as in .env.example: HTTP_PORT RTMP_PORT API_PORT HOOKS_PORT INTERNAL_HTTP_PORT
# INTERNAL_RTMP_PORT LISTEN_ADDRESS CONTROL_URL HLS_DIR DASH_DIR DATA_DIR RECORDINGS_DIR CORS_ORIGINS.
# Besides:
#   NGINX_RUN_DIR  rendered configuration, pid file, temporary files (default: a new folder in /tmp).
#                  A start in the folder of a run whose master was killed first ends what is left of it.
#   NGINX_USER     who the worker runs as when this is started by root (default root, so that control,
#                  started by the same root, can read the HLS folder; the container says www-data)
#   WEB_ROOT       folder of the built page (default apps/web/dist)
#   NGINX          the binary (default nginx, wherever it is)
set -eu

fail() {
  echo "nginx/start.sh: $*" >&2
  exit 1
}

here=$(cd "$(dirname "$0")" && pwd)

# ---- settings ------------------------------------------------------------------------------------

port() { # NAME VALUE
  case $2 in '' | *[!0-9]* | ??????*) fail "$1 must be a port number from 1 to 65535" ;; esac
  [ "$2" -ge 1 ] && [ "$2" -le 65535 ] || fail "$1 must be a port number from 1 to 65535"
}

# nginx would expand $ inside its quotes, and the other two would end them.
path() { # NAME VALUE
  case $2 in *[\"\$\\]* | *"
"*) fail "$1 must not contain quotes, dollar signs, backslashes or line breaks" ;; esac
}

# Makes a folder and prints its absolute name, as nginx takes relative ones from its own prefix.
folder() { # NAME VALUE
  path "$1" "$2"
  mkdir -p "$2" 2>/dev/null && (cd "$2" && pwd) || fail "$1: can't make or enter the folder $2"
}

HTTP_PORT=${HTTP_PORT:-8080}
RTMP_PORT=${RTMP_PORT:-1935}
API_PORT=${API_PORT:-3000}
HOOKS_PORT=${HOOKS_PORT:-3001}
INTERNAL_HTTP_PORT=${INTERNAL_HTTP_PORT:-8090}
INTERNAL_RTMP_PORT=${INTERNAL_RTMP_PORT:-19350}
LISTEN_ADDRESS=${LISTEN_ADDRESS:-127.0.0.1}
CONTROL_URL=${CONTROL_URL:-http://127.0.0.1:$API_PORT}
CORS_ORIGINS=${CORS_ORIGINS:-*}
WEB_ROOT=${WEB_ROOT:-$here/../apps/web/dist}
NGINX=${NGINX:-nginx}
# Debian keeps nginx in a folder that only root's PATH has.
PATH=$PATH:/usr/sbin:/sbin

port HTTP_PORT "$HTTP_PORT"
port RTMP_PORT "$RTMP_PORT"
port HOOKS_PORT "$HOOKS_PORT"
port INTERNAL_HTTP_PORT "$INTERNAL_HTTP_PORT"
port INTERNAL_RTMP_PORT "$INTERNAL_RTMP_PORT"
case $LISTEN_ADDRESS in *[!0-9a-fA-F.:]*) fail "LISTEN_ADDRESS must be an IP address" ;; esac
path WEB_ROOT "$WEB_ROOT"
case $WEB_ROOT in /*) ;; *) WEB_ROOT=$PWD/$WEB_ROOT ;; esac
hls_dir=$(folder HLS_DIR "${HLS_DIR:-/tmp/hls}")
dash_dir=$(folder DASH_DIR "${DASH_DIR:-/tmp/dash}")
recordings_dir=$(folder RECORDINGS_DIR "${RECORDINGS_DIR:-${DATA_DIR:-.data}/recordings}")
if [ -n "${NGINX_RUN_DIR:-}" ]; then
  run_dir=$(folder NGINX_RUN_DIR "$NGINX_RUN_DIR")
else
  run_dir=$(mktemp -d "${TMPDIR:-/tmp}/onair-nginx.XXXXXX")
fi

command -v "$NGINX" >/dev/null || fail "there is no nginx here (Debian, Ubuntu: apt-get install nginx libnginx-mod-rtmp)"
module=/usr/lib/nginx/modules/ngx_rtmp_module.so
[ -e "$module" ] || fail "nginx has no rtmp module: $module is missing (Debian, Ubuntu: apt-get install libnginx-mod-rtmp)"

# ---- what the template leaves out or keeps: lines that end in "#! name" ----------------------------

keep=''

if [ "$(id -u)" = 0 ]; then
  keep="$keep root"
  NGINX_USER=${NGINX_USER:-root}
  case $NGINX_USER in *[!A-Za-z0-9._-]*) fail "NGINX_USER must be a user's name" ;; esac
  id -u "$NGINX_USER" >/dev/null 2>&1 || fail "NGINX_USER: there is no user $NGINX_USER"
  if [ "$NGINX_USER" != root ]; then
    # mktemp's and the volumes' folders are root's, and the worker has to get in.
    chmod 755 "$run_dir"
    chown "$NGINX_USER" "$hls_dir" "$dash_dir"
  fi
else
  NGINX_USER=''
fi

# The file says it is empty even when it is not.
[ -n "$(cat /proc/net/if_inet6 2>/dev/null)" ] && keep="$keep ipv6"

# The hooks come from 127.0.0.1, whatever else the internal server listens on.
case $LISTEN_ADDRESS in
  127.0.0.1 | 0.0.0.0) listen=$LISTEN_ADDRESS ;;
  *:*) listen=[$LISTEN_ADDRESS] keep="$keep loopback" ;;
  *) listen=$LISTEN_ADDRESS keep="$keep loopback" ;;
esac

# CONTROL_URL is http://host[:port]; the hooks go to the same host on HOOKS_PORT.
case $CONTROL_URL in
  http://*) control=${CONTROL_URL#http://} control=${control%/} ;;
  *) fail "CONTROL_URL must be an http:// URL" ;;
esac
case $control in
  *\]) control_host=$control control_port=80 ;;
  *:*) control_host=${control%:*} control_port=${control##*:} ;;
  *) control_host=$control control_port=80 ;;
esac
case $control_host in '' | *[!][A-Za-z0-9.:_-]*) fail "CONTROL_URL must be http://host:port and nothing more" ;; esac
port "CONTROL_URL's port" "$control_port"
# nginx's resolver asks DNS only and does not know /etc/hosts.
[ "$control_host" = localhost ] && control_host=127.0.0.1
resolvers=''
case $control_host in
  \[*\]) keep="$keep address" ;;
  *[!0-9.]*)
    keep="$keep name"
    resolvers=$(awk '$1 == "nameserver" && $2 !~ /%/ { print ($2 ~ /:/ ? "[" $2 "]" : $2) }' /etc/resolv.conf | tr '\n' ' ')
    [ -n "$resolvers" ] || fail "CONTROL_URL has a name, and /etc/resolv.conf has no nameserver to ask for it"
    case $keep in *ipv6*) ;; *) resolvers="$resolvers ipv6=off" ;; esac
    ;;
  *) keep="$keep address" ;;
esac

cors_map='default "";' cors_vary=Origin
old_ifs=$IFS IFS=', '
set -f
for origin in $CORS_ORIGINS; do
  case $origin in
    '*') cors_map='default "*";' cors_vary='' && break ;;
    *[!][A-Za-z0-9.:/_-]*) fail "CORS_ORIGINS must be * or a comma-separated list of origins such as https://example.com" ;;
    *) cors_map="$cors_map \"$origin\" \"$origin\";" ;;
  esac
done
set +f
IFS=$old_ifs

# ---- limits --------------------------------------------------------------------------------------

# A reader of events costs two connections, so 10,000 of them want a little over 20,000. A tenth of
# the descriptors stays for files; asking for more than the limit makes nginx warn.
ulimit -n "$(ulimit -H -n)" 2>/dev/null || true
limit=$(ulimit -n)
[ "$limit" = unlimited ] && limit=1000000
connections=$((limit - limit / 10))
[ "$connections" -le 32768 ] || connections=32768

# Control tells one life of nginx from the next by this and the worker's pid.
instance=$(date +%s)-$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')

# ---- what an earlier run in this folder left -------------------------------------------------------

# A worker whose master was killed with SIGKILL goes on and keeps the ports. It is told by its
# standard error, which is this folder's pipe.
log_pipe=$run_dir/log
leftovers() {
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/fd/2" 2>/dev/null)" = "$log_pipe" ] && echo "${process#/proc/}"
  done
  return 0
}
end_leftovers() {
  master=$(cat "$run_dir/nginx.pid" 2>/dev/null) || master=''
  left=$(leftovers)
  [ -n "$left" ] || return 0
  for pid in $left; do
    [ "$pid" != "$master" ] || fail "nginx (pid $pid) is running in $run_dir already"
  done
  kill $left 2>/dev/null || true
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -n "$(leftovers)" ] || return 0
    sleep 0.2
  done
  kill -9 $(leftovers) 2>/dev/null || true
}
[ -p "$log_pipe" ] && end_leftovers
rm -f "$log_pipe" "$run_dir/nginx.pid"

# ---- render --------------------------------------------------------------------------------------

value() { # NAME VALUE: one sed command that puts the value in
  printf 's|@%s@|%s|g\n' "$1" "$(printf %s "$2" | sed 's/[&|]/\\&/g')"
}
{
  for name in $keep; do echo "s/ *#! $name\$//"; done
  echo '/#! [a-z0-9]*$/d'
  value MODULE "$module"
  value USER "$NGINX_USER"
  value RUN_DIR "$run_dir"
  value NGINX_DIR "$here"
  value WEB_ROOT "$WEB_ROOT"
  value HLS_DIR "$hls_dir"
  value DASH_DIR "$dash_dir"
  value RECORDINGS_DIR "$recordings_dir"
  value CONNECTIONS "$connections"
  value INSTANCE "$instance"
  value HTTP_PORT "$HTTP_PORT"
  value RTMP_PORT "$RTMP_PORT"
  value INTERNAL_HTTP_PORT "$INTERNAL_HTTP_PORT"
  value INTERNAL_RTMP_PORT "$INTERNAL_RTMP_PORT"
  value LISTEN "$listen"
  value CONTROL_API "$control_host:$control_port"
  value CONTROL_HOOKS "$control_host:$HOOKS_PORT"
  value RESOLVERS "$resolvers"
  value CORS_MAP "$cors_map"
  value CORS_VARY "$cors_vary"
} >"$run_dir/onair.sed"
sed -f "$run_dir/onair.sed" "$here/onair.conf.template" >"$run_dir/onair.conf"

# ---- run -----------------------------------------------------------------------------------------

# nginx puts the request line into its errors, and whoever calls /v1/streams/<their key> while control
# is away has put a key there. So nothing that looks like one passes. The filter ends with nginx, and
# Ctrl-C for the whole group is not for it.
mkfifo -m 600 "$log_pipe"
(trap '' INT TERM HUP && exec sed -u 's/live_[0-9A-Za-z]*/live_[redacted]/g') <"$log_pipe" >&2 &
exec "$NGINX" -p "$run_dir" -c "$run_dir/onair.conf" -e stderr -g 'daemon off;' 2>"$log_pipe"
