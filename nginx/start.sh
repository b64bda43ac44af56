#!/bin/sh
# Starts one of OnAir's two nginx processes in the foreground: fills the settings into the *.conf.template files
# beside this script, and becomes nginx.
#
#   start.sh ingest   RTMP, RTMPS, and the internal HTTP server (ingest.conf.template)
#   start.sh public   the public HTTP and HTTPS ports (public.conf.template)
#
# They are two processes so that nothing that strangers do over HTTP can take connections from publishers and
# hooks. `npm start` runs both, and in the container container.sh does.
#
# Settings, as .env.example explains them; each has to be set: HTTP_PORT RTMP_PORT HOOKS_PORT
# INTERNAL_HTTP_PORT INTERNAL_RTMP_PORT LISTEN_ADDRESS CONTROL_URL HLS_DIR DASH_DIR
# RECORDINGS_DIR MAX_READERS MAX_READERS_PER_ADDRESS MAX_CONNECTIONS_PER_ADDRESS API_RATE_LIMIT
# MAX_RTMP_CONNECTIONS MAX_RTMP_CONNECTIONS_PER_ADDRESS.
# There are no defaults here, so that apps/control/config.ts is the only place that has
# them: npm start passes on what config.ts has read. The container has no Node.js: nginx/Dockerfile sets
# its fixed ports and folders, docker-compose.yml what depends on the other containers.
#
# CORS_ORIGINS, INTERNAL_HOSTS, NGINX_URL, HTTP_ADDRESS, RTMP_ADDRESS, ACME_WEBROOT and TRUSTED_PROXIES may be empty.
# With TLS_DIR, these have to be set too:
# HTTPS_PORT RTMPS_PORT PUBLIC_URL HSTS_MAX_AGE.
#
# Optional, and read by this script only:
#   TLS_DIR        folder with the certificate: current/cert.pem and current/key.pem, readable for the worker's
#                  user. Set: HTTPS and RTMPS. Who sets it replaces a renewed certificate there: npm start
#                  (apps/stack/tls), or container.sh in the container.
#   NGINX_RUN_DIR  folder for the rendered configuration, pid file and temporary files (default: a new one
#                  in /tmp). Each nginx has a folder of its name in it. If its master process was killed, the
#                  workers that this left are ended first.
#   NGINX_USER     the workers' user when root starts this (default root, so that control, started by the
#                  same root, can read the HLS folder; the container sets www-data)
#   WEB_ROOT       folder of the built page (default apps/web/dist)
#   NGINX          the nginx program (default nginx)
set -eu

role=${1:-}
fail() {
  echo "nginx/start.sh${role:+ $role}: $*" >&2
  exit 1
}
case $role in ingest | public) ;; *) role='' && fail 'say which nginx: ingest or public' ;; esac

here=$(cd "$(dirname "$0")" && pwd)
. "$here/checks.sh"
. "$here/own-folder.sh"

# ---- settings ------------------------------------------------------------------------------------

unset_names=''
for name in HTTP_PORT RTMP_PORT HOOKS_PORT INTERNAL_HTTP_PORT INTERNAL_RTMP_PORT \
  LISTEN_ADDRESS CONTROL_URL HLS_DIR DASH_DIR RECORDINGS_DIR \
  MAX_READERS MAX_READERS_PER_ADDRESS MAX_CONNECTIONS_PER_ADDRESS API_RATE_LIMIT \
  MAX_RTMP_CONNECTIONS MAX_RTMP_CONNECTIONS_PER_ADDRESS \
  ${TLS_DIR:+HTTPS_PORT RTMPS_PORT PUBLIC_URL HSTS_MAX_AGE}; do
  eval "[ -n \"\${$name:-}\" ]" || unset_names="$unset_names $name"
done
[ -z "$unset_names" ] || fail "settings that are not set:$unset_names (npm start and docker compose set them all)"
WEB_ROOT=${WEB_ROOT:-$here/../apps/web/dist}
NGINX=${NGINX:-nginx}
# Debian installs nginx in a folder that is only in root's PATH.
PATH=$PATH:/usr/sbin:/sbin

port HTTP_PORT "$HTTP_PORT"
port RTMP_PORT "$RTMP_PORT"
port HOOKS_PORT "$HOOKS_PORT"
port INTERNAL_HTTP_PORT "$INTERNAL_HTTP_PORT"
port INTERNAL_RTMP_PORT "$INTERNAL_RTMP_PORT"
for name in LISTEN_ADDRESS HTTP_ADDRESS RTMP_ADDRESS; do
  eval "address=\${$name:-}"
  case $address in *[!0-9a-fA-F.:]*) fail "$name must be an IP address" ;; esac
done
path WEB_ROOT "$WEB_ROOT"
case $WEB_ROOT in /*) ;; *) WEB_ROOT=$PWD/$WEB_ROOT ;; esac
hls_dir=$(own_folder HLS_DIR "$HLS_DIR")
dash_dir=$(own_folder DASH_DIR "$DASH_DIR")
recordings_dir=$(own_folder RECORDINGS_DIR "$RECORDINGS_DIR")
if [ -n "${NGINX_RUN_DIR:-}" ]; then
  own_folder NGINX_RUN_DIR "$NGINX_RUN_DIR" >/dev/null
  run_dir=$(own_folder NGINX_RUN_DIR "$NGINX_RUN_DIR/$role")
else
  run_dir=$(mktemp -d "${TMPDIR:-/tmp}/onair-nginx.XXXXXX")
fi
# The configuration includes files from both folders, and nginx reads these characters in an include's
# name as a pattern, which may match nothing without an error.
case $here$run_dir in *[*?[]*) fail "the paths of NGINX_RUN_DIR and of OnAir must not contain * ? or [" ;; esac

command -v "$NGINX" >/dev/null || fail "nginx is not installed (Debian, Ubuntu: apt-get install nginx libnginx-mod-rtmp libnginx-mod-stream)"
rtmp_module=/usr/lib/nginx/modules/ngx_rtmp_module.so
stream_module=/usr/lib/nginx/modules/ngx_stream_module.so
if [ "$role" = ingest ]; then
  [ -e "$rtmp_module" ] || fail "nginx has no RTMP module: $rtmp_module is missing (Debian, Ubuntu: apt-get install libnginx-mod-rtmp)"
  [ -e "$stream_module" ] || fail "nginx has no stream module: $stream_module is missing (Debian, Ubuntu: apt-get install libnginx-mod-stream)"
fi

# ---- conditions: a template line that ends in "#! name" is kept only if $keep has the name ---------

keep=''

if [ "$(id -u)" = 0 ]; then
  keep="$keep root"
  NGINX_USER=${NGINX_USER:-root}
  case $NGINX_USER in *[!A-Za-z0-9._-]*) fail "NGINX_USER must be a user's name" ;; esac
  id -u "$NGINX_USER" >/dev/null 2>&1 || fail "NGINX_USER: there is no user $NGINX_USER"
  if [ "$NGINX_USER" != root ]; then
    # mktemp makes the run folder for its owner only, and new volumes belong to root: the worker needs both.
    chmod 755 "$run_dir"
    chown "$NGINX_USER" "$hls_dir" "$dash_dir"
  fi
else
  NGINX_USER=''
fi

# Not [ -s ]: files in /proc always have size 0.
[ -n "$(cat /proc/net/if_inet6 2>/dev/null)" ] && keep="$keep ipv6"

. "$here/public-ports.sh"

# nginx-rtmp calls the hooks on 127.0.0.1, so the internal server listens there in any case.
case $LISTEN_ADDRESS in
  127.0.0.1 | 0.0.0.0) listen=$LISTEN_ADDRESS ;;
  *:*) listen=[$LISTEN_ADDRESS] keep="$keep loopback" ;;
  *) listen=$LISTEN_ADDRESS keep="$keep loopback" ;;
esac

. "$here/control-address.sh"

cors_map='default "";' cors_vary=Origin
old_ifs=$IFS IFS=', '
set -f
for origin in ${CORS_ORIGINS:-*}; do
  case $origin in
    '*') cors_map='default "*";' cors_vary='' && break ;;
    *[!][A-Za-z0-9.:/_-]*) fail "CORS_ORIGINS must be * or a comma-separated list of origins such as https://example.com" ;;
    *) cors_map="$cors_map \"$origin\" \"$origin\";" ;;
  esac
done
internal_hosts=localhost
nginx_host=${NGINX_URL:-} nginx_host=${nginx_host#*://} nginx_host=${nginx_host%%[:/]*}
for name in ${INTERNAL_HOSTS:-} "$control_host" $nginx_host; do
  case $name in
    # An IPv6 address, which is always allowed.
    "$control_host" | "$nginx_host") case $name in *[!A-Za-z0-9._-]*) continue ;; esac ;;
    *[!A-Za-z0-9._-]*) fail "INTERNAL_HOSTS must be a comma-separated list of host names" ;;
  esac
  internal_hosts="$internal_hosts|$(echo "$name" | sed 's/[.]/[.]/g')"
done
set +f
IFS=$old_ifs

. "$here/limits.sh"

# Changes with every start. Control recognises a restarted nginx by this and the worker's pid.
instance=$(date +%s)-$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')

. "$here/leftovers.sh"

# ---- render --------------------------------------------------------------------------------------

value() { # NAME VALUE: prints the sed command that replaces @NAME@ with the value
  printf 's|@%s@|%s|g\n' "$1" "$(printf %s "$2" | sed 's/[&|]/\\&/g')"
}
{
  for name in $keep; do echo "s/ *#! $name\$//"; done
  echo '/#! [a-z0-9]*$/d'
  value RTMP_MODULE "$rtmp_module"
  value STREAM_MODULE "$stream_module"
  value USER "$NGINX_USER"
  value RUN_DIR "$run_dir"
  value NGINX_DIR "$here"
  value WEB_ROOT "$WEB_ROOT"
  value HLS_DIR "$hls_dir"
  value DASH_DIR "$dash_dir"
  value RECORDINGS_DIR "$recordings_dir"
  limit_values
  value INSTANCE "$instance"
  value HTTP_PORT "$HTTP_PORT"
  value RTMP_PORT "$RTMP_PORT"
  public_values
  value INTERNAL_HTTP_PORT "$INTERNAL_HTTP_PORT"
  value INTERNAL_RTMP_PORT "$INTERNAL_RTMP_PORT"
  value LISTEN "$listen"
  value CONTROL_API "$control_host:$control_port"
  value CONTROL_HOOKS "$control_host:$HOOKS_PORT"
  value RESOLVERS "$resolvers"
  value INTERNAL_HOSTS "$internal_hosts"
  value CORS_MAP "$cors_map"
  value CORS_VARY "$cors_vary"
} >"$run_dir/onair.sed"
for template in "$here"/*.conf.template; do
  rendered=${template##*/}
  sed -f "$run_dir/onair.sed" "$template" >"$run_dir/${rendered%.template}"
done

# ---- run -----------------------------------------------------------------------------------------

# nginx's error messages contain the request line. A client that calls /v1/streams/<stream key> by mistake
# while control is down would put the key in the log, so a filter redacts everything that looks like one.
# The filter ignores signals (Ctrl-C reaches the whole process group) and ends when nginx closes the pipe.
mkfifo -m 600 "$log_pipe"
(trap '' INT TERM HUP && exec sed -u 's/live_[0-9A-Za-z]*/live_[redacted]/g') <"$log_pipe" >&2 &
exec "$NGINX" -p "$run_dir" -c "$run_dir/$role.conf" -e stderr -g 'daemon off;' 2>"$log_pipe"
