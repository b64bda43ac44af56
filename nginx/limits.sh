# How many connections nginx has, how many of them one client may use, and whose X-Forwarded-For counts. Sourced by
# start.sh; uses its functions, and adds to its $keep.

for name in MAX_READERS MAX_READERS_PER_ADDRESS MAX_CONNECTIONS_PER_ADDRESS API_RATE_LIMIT \
  MAX_RTMP_CONNECTIONS MAX_RTMP_CONNECTIONS_PER_ADDRESS; do
  eval "number $name \"\$$name\""
done

# For each worker. A tenth of the file descriptors is left for files. nginx warns if worker_connections is above
# the limit.
ulimit -n "$(ulimit -H -n)" 2>/dev/null || true
limit=$(ulimit -n)
[ "$limit" = unlimited ] && limit=1000000
connections=$((limit - limit / 10))
[ "$connections" -le 32768 ] || connections=32768

# Of the public nginx: one for each core, and not so many that their connections' memory, 14 MB each, matters.
workers=$(nproc 2>/dev/null || echo 1)
[ "$workers" -le 8 ] || workers=8

# A reader of events takes two of the workers' connections (its own and one to control), and one of control's file
# descriptors, of which control is expected to have as many as nginx. A fifth of both is left for everything else.
max_readers=$((workers * connections / 2 * 4 / 5))
[ "$max_readers" -le $((limit * 4 / 5)) ] || max_readers=$((limit * 4 / 5))
if [ "$MAX_READERS" != 0 ] && [ "$MAX_READERS" -lt "$max_readers" ]; then max_readers=$MAX_READERS; fi

# A publisher takes five of the ingest worker's connections: the encoder's, both ends of the way to nginx-rtmp, both
# ends of its relay; and for a moment four for its hook. With an eighth of them, hooks and /stat always have room.
max_rtmp=$((connections / 8))
if [ "$MAX_RTMP_CONNECTIONS" != 0 ] && [ "$MAX_RTMP_CONNECTIONS" -lt "$max_rtmp" ]; then
  max_rtmp=$MAX_RTMP_CONNECTIONS
fi

[ "$MAX_RTMP_CONNECTIONS_PER_ADDRESS" = 0 ] || keep="$keep rtmpclient"
[ "$MAX_READERS_PER_ADDRESS" = 0 ] || keep="$keep readers"
[ "$MAX_CONNECTIONS_PER_ADDRESS" = 0 ] || keep="$keep connections"
[ "$API_RATE_LIMIT" = 0 ] || keep="$keep apirate"

proxy_lines='' proxy_networks=''
[ -z "${TRUSTED_PROXIES:-}" ] || keep="$keep proxies"
old_ifs=$IFS IFS=', '
set -f
for network in ${TRUSTED_PROXIES:-}; do
  case $network in *[!0-9a-fA-F.:/]*) fail "TRUSTED_PROXIES must be a comma-separated list of networks such as 10.0.0.0/8" ;; esac
  proxy_lines="$proxy_lines set_real_ip_from $network;"
  proxy_networks="$proxy_networks $network 1;"
done
set +f
IFS=$old_ifs

# nginx's limit_conn takes no larger number.
most() { # NUMBER
  [ "$1" -le 65535 ] && echo "$1" || echo 65535
}

limit_values() {
  value CONNECTIONS "$connections"
  value WORKERS "$workers"
  value MAX_READERS "$(most "$max_readers")"
  value MAX_READERS_PER_ADDRESS "$(most "$MAX_READERS_PER_ADDRESS")"
  value MAX_CONNECTIONS_PER_ADDRESS "$(most "$MAX_CONNECTIONS_PER_ADDRESS")"
  value MAX_RTMP_CONNECTIONS "$max_rtmp"
  value MAX_RTMP_CONNECTIONS_PER_ADDRESS "$(most "$MAX_RTMP_CONNECTIONS_PER_ADDRESS")"
  value API_REQUESTS "$(most $((limit / 20)))"
  # The zone has to have a rate even when no location uses it.
  value API_RATE "$((API_RATE_LIMIT == 0 ? 1 : API_RATE_LIMIT))"
  value API_BURST "$((API_RATE_LIMIT * 4))"
  value TRUSTED_PROXIES "$proxy_lines"
  value PROXY_NETWORKS "$proxy_networks"
}
