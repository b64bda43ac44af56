# Where nginx finds control: sets control_host, control_port and resolvers. Sourced by start.sh; uses its functions,
# and adds to its $keep.

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
case $control_host in '' | *[!][A-Za-z0-9.:_-]*) fail "CONTROL_URL must be http://host:port without a path" ;; esac
port "CONTROL_URL's port" "$control_port"
# nginx's resolver only asks DNS; it does not read /etc/hosts.
[ "$control_host" = localhost ] && control_host=127.0.0.1
resolvers=''
case $control_host in
  \[*\]) keep="$keep address" ;;
  *[!0-9.]*)
    keep="$keep name"
    resolvers=$(awk '$1 == "nameserver" && $2 !~ /%/ { print ($2 ~ /:/ ? "[" $2 "]" : $2) }' /etc/resolv.conf | tr '\n' ' ')
    [ -n "$resolvers" ] || fail "CONTROL_URL has a host name, and /etc/resolv.conf names no server to resolve it"
    case $keep in *ipv6*) ;; *) resolvers="$resolvers ipv6=off" ;; esac
    ;;
  *) keep="$keep address" ;;
esac
