# Installs the programs that OnAir runs (nginx with its RTMP module, MariaDB, ffmpeg; Chromium for the
# tests) from the packages of Debian or Ubuntu. Sourced by setup.sh; uses its say and fail.

rtmp_module_is_there() {
  for folder in /usr/lib/nginx/modules /usr/lib64/nginx/modules /usr/share/nginx/modules; do
    [ -e "$folder/ngx_rtmp_module.so" ] && return
  done
  nginx -V 2>&1 | grep -q 'nginx-rtmp-module'
}

# Whether a setting has a value: in the environment, or in .env.
is_set() { # NAME
  eval "[ -n \"\${$1:-}\" ]" ||
    grep -qs "^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1=[\"']\{0,1\}[^\"'[:space:]#]" .env
}

database_is_elsewhere() {
  [ "$setup_for" = test ] && { [ -n "${TEST_DATABASE_URL:-}" ] && return || return 1; }
  is_set DATABASE_URL || is_set DATABASE_URL_FILE
}

# start.sh sets with_tls for --tls-self-signed.
needs_openssl() {
  [ "$setup_for" = test ] || [ "${with_tls:-}" = self-signed ]
}

browser_is_there() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
    command -v google-chrome >/dev/null
}

# Whether packages can be installed without asking anybody.
can_install_by_itself() {
  command -v apt-get >/dev/null || return 1
  [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# Prints a line "package: what it is for" for each missing program.
missing_programs() {
  command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null ||
    echo 'ffmpeg: for recordings, their pictures, and the test picture'
  [ "$setup_for" = demo ] && return
  # Without it ffmpeg is protected less well, but OnAir runs.
  command -v bwrap >/dev/null || ! can_install_by_itself ||
    echo 'bubblewrap: keeps ffmpeg away from files and the network'
  command -v nginx >/dev/null || echo 'nginx: receives the video and serves it'
  command -v nginx >/dev/null && rtmp_module_is_there || echo 'libnginx-mod-rtmp: the RTMP module for nginx'
  [ -e /usr/lib/nginx/modules/ngx_stream_module.so ] ||
    echo 'libnginx-mod-stream: the stream module for nginx, which limits connections and decrypts RTMPS'
  ! needs_openssl || command -v openssl >/dev/null || echo 'openssl: makes the self-signed certificate'
  command -v mariadbd >/dev/null || database_is_elsewhere ||
    echo 'mariadb-server-core: the embedded database (not needed when DATABASE_URL is set)'
  [ "$setup_for" != test ] || browser_is_there || echo 'chromium: the browser for tests of the page'
}

cannot_install() {
  fail "$1" \
    "Install these packages (Debian's names) and try again: $(echo "$packages" | paste -s -d ' ' -)" \
    'Or run OnAir in containers, which needs none of them: docker compose up'
}

# Sets as_root to the command that runs another as root; empty when this is root.
find_root() {
  as_root=
  [ "$(id -u)" != 0 ] || return 0
  command -v sudo >/dev/null || cannot_install 'Installing needs root, and sudo is not installed.'
  # Without a terminal sudo cannot ask for a password.
  [ -t 0 ] || sudo -n true 2>/dev/null ||
    cannot_install 'Installing needs root, and sudo needs a password but has no terminal to ask for it.'
  as_root=sudo
}

# Prints what a package is called here: on Ubuntu 22.04 and Debian 11 some names end in a version.
package_name() {
  apt-cache show "$1" >/dev/null 2>&1 && echo "$1" && return
  apt-cache search --names-only "^$1-[0-9.]+\$" | cut -d ' ' -f 1 | sort -V | tail -n 1 | grep . || echo "$1"
}

policy=/usr/sbin/policy-rc.d
policy_mark='put here by OnAir'\''s set-up while it installs; safe to remove'

# Debian starts a server when it is installed unless this file forbids it. A file that exists already is not changed.
forbid_services() {
  if [ -e $policy ] && ! grep -q "$policy_mark" $policy; then return; fi
  printf '#!/bin/sh\n# %s\nexit 101\n' "$policy_mark" | $as_root tee $policy >/dev/null
  $as_root chmod 755 $policy
}
allow_services() {
  if grep -qs "$policy_mark" $policy; then $as_root rm -f $policy; fi
}

# An nginx that was installed here must not start with the machine either, or it would take port 80.
disable_new_nginx() {
  [ "$had_nginx" = no ] || return 0
  if [ -d /run/systemd/system ]; then
    $as_root systemctl disable --now nginx.service >/dev/null 2>&1 || true
  elif command -v update-rc.d >/dev/null; then
    $as_root update-rc.d nginx disable >/dev/null 2>&1 || true
    $as_root service nginx stop >/dev/null 2>&1 || true
  fi
}

apt_get() {
  $as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -qq -o DPkg::Lock::Timeout=300 \
    -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" >"$apt_log" 2>&1 9<&- 8<&-
}

install_by_apt() {
  trap 'allow_services; rm -f "$apt_log"' EXIT
  had_nginx=$(command -v nginx >/dev/null && echo yes || echo no)
  apt_get update || say 'apt-get update reported errors; trying to install anyway'
  cp "$apt_log" "$apt_log.update"
  names=$(for package in $packages; do package_name "$package"; done)
  forbid_services
  # --no-remove keeps a MySQL that is installed and conflicts; its owner can set DATABASE_URL instead.
  # shellcheck disable=SC2086 # one word for each name
  if ! apt_get install --no-install-recommends --no-remove -y $names; then
    tail -n 15 "$apt_log.update" "$apt_log" >&2
    rm -f "$apt_log.update"
    cannot_install 'apt-get failed to install the packages (see above).'
  fi
  disable_new_nginx
  allow_services
  rm -f "$apt_log" "$apt_log.update"
  trap - EXIT
}

install_programs() {
  missing=$(missing_programs)
  [ -n "$missing" ] || return 0
  packages=$(echo "$missing" | sed 's/:.*//')
  echo "$missing" | while read -r line; do say "missing: $line"; done
  command -v apt-get >/dev/null || cannot_install 'This machine has no apt-get.'
  find_root
  # One installation at a time on the machine, because they share the policy file.
  if command -v flock >/dev/null; then exec 8</var/lib/dpkg && flock 8; fi
  say "installing by apt-get${as_root:+ with sudo}: $(echo "$packages" | paste -s -d ' ' -)"
  apt_log=$(mktemp)
  install_by_apt
  exec 8<&-
  missing=$(missing_programs)
  [ -z "$missing" ] || cannot_install 'apt-get succeeded, but some programs are still missing.'
}
