#!/bin/sh
# The nginx container's entrypoint: runs the ingest nginx and the public nginx. One that dies is started again, and
# the other goes on: publishers stay connected while the public nginx starts, and viewers watch while the ingest
# nginx does. One that ends soon after its start, because a setting is wrong or a port is taken, ends the container.
#
# With TLS_CERT and TLS_KEY it first copies the certificate to a folder that only nginx's workers can read (the
# files themselves may be readable for root only), and then looks every few seconds for a renewed one. nginx reads
# the copy at each handshake, so nothing is reloaded and nobody is disconnected. On a machine without containers,
# apps/stack does the same.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
look_every=${TLS_LOOK_EVERY:-10}
owner=$NGINX_USER
# Seconds that an nginx has to run to be started again.
started_well=5

say() { echo "nginx/container.sh: $*" >&2; }

# Prints why the pair in a folder cannot be used; nothing when it can. A pair whose dates are wrong can be used.
why_unusable() { # FOLDER
  openssl x509 -in "$1/cert.pem" -noout 2>/dev/null ||
    { echo "TLS_CERT: $TLS_CERT is missing or not a certificate in PEM form"; return; }
  key_of_key=$(openssl pkey -in "$1/key.pem" -passin pass: -pubout 2>/dev/null) ||
    { echo "TLS_KEY: $TLS_KEY is missing, has a passphrase, or is not a private key in PEM form"; return; }
  [ "$key_of_key" = "$(openssl x509 -in "$1/cert.pem" -noout -pubkey)" ] ||
    echo "TLS_KEY: the key does not belong to the certificate in TLS_CERT, of which the first in the file counts"
}

# Copies the files as they are now to a new folder, and prints its name.
copy() {
  next=$(mktemp -d "$TLS_DIR/pair-XXXXXX")
  cp "$TLS_CERT" "$next/cert.pem" 2>/dev/null || : >"$next/cert.pem"
  cp "$TLS_KEY" "$next/key.pem" 2>/dev/null || : >"$next/key.pem"
  chmod 400 "$next/cert.pem" "$next/key.pem"
  chown -R "$owner" "$next"
  echo "$next"
}

# Certificate and key change at once, because nginx reads both through the link.
use() { # FOLDER
  ln -sfn "${1##*/}" "$TLS_DIR/next"
  mv -T "$TLS_DIR/next" "$TLS_DIR/current"
  for old in "$TLS_DIR"/pair-*; do
    [ "$old" = "$1" ] || rm -rf "$old"
  done
}

serial_and_end() { openssl x509 -in "$TLS_DIR/current/cert.pem" -noout -serial -enddate | paste -s -d ' ' -; }

# Sets problem: why the files are not in use; empty when they are.
look() {
  problem=''
  if cmp -s "$TLS_CERT" "$TLS_DIR/current/cert.pem" && cmp -s "$TLS_KEY" "$TLS_DIR/current/key.pem"; then return; fi
  pair=$(copy)
  problem=$(why_unusable "$pair")
  [ -n "$problem" ] || openssl x509 -in "$pair/cert.pem" -noout -checkend 0 >/dev/null ||
    problem='TLS_CERT: it has expired'
  if [ -n "$problem" ]; then
    rm -rf "$pair"
  else
    use "$pair"
    say "a new certificate is in use: $(serial_and_end)"
  fi
}

keep_looking() {
  before='' said=''
  while sleep "$look_every" && kill -0 $$ 2>/dev/null; do
    look
    # A program that writes the two files one after the other is given until the next look.
    if [ -n "$problem" ] && [ "$problem" = "$before" ] && [ "$problem" != "$said" ]; then
      said=$problem
      say "the new certificate is not used: $problem. The old one stays in use ($(serial_and_end))." \
        'Correct the files, and they are used within seconds.'
    fi
    [ -n "$problem" ] || said=''
    before=$problem
  done
}

start_with_certificate() {
  [ -n "${TLS_CERT:-}" ] && [ -n "${TLS_KEY:-}" ] || { say 'TLS_CERT and TLS_KEY must be set together'; exit 1; }
  export TLS_DIR="${TLS_DIR:-/run/onair-tls}"
  # Made again at each start: without CAP_FOWNER root cannot change the mode of what the owner has.
  rm -rf "$TLS_DIR"
  mkdir -m 700 "$TLS_DIR"
  chown "$owner" "$TLS_DIR"
  pair=$(copy)
  problem=$(why_unusable "$pair")
  [ -z "$problem" ] || { say "$problem"; exit 1; }
  use "$pair"
  openssl x509 -in "$pair/cert.pem" -noout -checkend 0 >/dev/null || say 'TLS_CERT: the certificate has expired; renew it'
  keep_looking &
}

[ -z "${TLS_CERT:-}${TLS_KEY:-}" ] || start_with_certificate

start() { # ROLE
  "$here/start.sh" "$1" &
  eval "${1}_pid=\$! ${1}_since=\$(date +%s)"
}
end() { # EXIT CODE
  trap '' TERM INT QUIT HUP
  kill "$ingest_pid" "$public_pid" 2>/dev/null || true
  wait "$ingest_pid" "$public_pid" || true
  exit "$1"
}
look_after() { # ROLE
  eval "pid=\$${1}_pid since=\$${1}_since"
  ! kill -0 "$pid" 2>/dev/null || return 0
  code=0
  wait "$pid" || code=$?
  if [ $(($(date +%s) - since)) -lt $started_well ]; then
    say "the $1 nginx ended soon after its start ($code)"
    end "$code"
  fi
  say "the $1 nginx ended ($code); starting it again"
  start "$1"
}

start ingest
start public
trap 'end 0' TERM INT QUIT HUP
while :; do
  # In the background, because a shell handles a signal only once its foreground command has ended.
  sleep 1 &
  wait $! || true
  look_after ingest
  look_after public
done
