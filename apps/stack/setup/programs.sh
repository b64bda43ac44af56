# Installs the programs that OnAir runs (nginx with its RTMP module, MariaDB, ffmpeg; Chromium for the
# tests) from Debian's or Ubuntu's own packages. Sourced by setup.sh, whose say and fail it uses.

rtmp_module_is_there() {
  for folder in /usr/lib/nginx/modules /usr/lib64/nginx/modules /usr/share/nginx/modules; do
    [ -e "$folder/ngx_rtmp_module.so" ] && return
  done
  nginx -V 2>&1 | grep -q 'nginx-rtmp-module'
}

database_is_elsewhere() {
  [ "$setup_for" = test ] && { [ -n "${TEST_DATABASE_URL:-}" ] && return || return 1; }
  [ -n "${DATABASE_URL:-}" ] || grep -qs '^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}DATABASE_URL=["'\'']\{0,1\}[a-z]' .env
}

browser_is_there() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
    command -v google-chrome >/dev/null
}

# One line "package: why" for each that is missing.
missing_programs() {
  command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null ||
    echo 'ffmpeg: test picture and recordings'
  [ "$setup_for" = demo ] && return
  command -v nginx >/dev/null || echo 'nginx: takes the video in and serves it'
  command -v nginx >/dev/null && rtmp_module_is_there || echo 'libnginx-mod-rtmp: RTMP for nginx'
  command -v mariadbd >/dev/null || database_is_elsewhere ||
    echo 'mariadb-server-core: the embedded database (none is needed when DATABASE_URL is set)'
  [ "$setup_for" != test ] || browser_is_there || echo 'chromium: the browser of the page'"'"'s tests'
}

cannot_install() {
  fail "$1" \
    "Install these packages (Debian's names) and start again: $(echo "$packages" | paste -s -d ' ' -)" \
    'The other way, which needs none of them: docker compose up'
}

# Fills in how to become root; empty when that is who we are.
find_root() {
  as_root=
  [ "$(id -u)" != 0 ] || return 0
  command -v sudo >/dev/null || cannot_install 'Installing needs root, and there is no sudo.'
  # Without a terminal sudo can ask nobody.
  [ -t 0 ] || sudo -n true 2>/dev/null ||
    cannot_install 'Installing needs root, and sudo wants a password but there is no terminal to ask at.'
  as_root=sudo
}

# Ubuntu 22.04 and Debian 11 have the version in the package's name.
as_named_here() {
  apt-cache show "$1" >/dev/null 2>&1 && echo "$1" && return
  apt-cache search --names-only "^$1-[0-9.]+\$" | cut -d ' ' -f 1 | sort -V | tail -n 1 | grep . || echo "$1"
}

policy=/usr/sbin/policy-rc.d
policy_mark='put here by OnAir'\''s set-up while it installs; safe to remove'

# Debian starts a server as soon as it is installed, unless this file says no. An existing one stays.
forbid_services() {
  if [ -e $policy ] && ! grep -q "$policy_mark" $policy; then return; fi
  printf '#!/bin/sh\n# %s\nexit 101\n' "$policy_mark" | $as_root tee $policy >/dev/null
  $as_root chmod 755 $policy
}
allow_services() {
  if grep -qs "$policy_mark" $policy; then $as_root rm -f $policy; fi
}

# A freshly installed nginx must not come up with the machine either, or it would hold port 80.
retire_new_nginx() {
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
  apt_get update || say 'apt-get update had errors (see below if the installation fails); going on'
  cp "$apt_log" "$apt_log.update"
  names=$(for package in $packages; do as_named_here "$package"; done)
  forbid_services
  # --no-remove: a MySQL that is there stays; then DATABASE_URL is the way.
  # shellcheck disable=SC2086 # the names are words
  if ! apt_get install --no-install-recommends --no-remove -y $names; then
    tail -n 15 "$apt_log.update" "$apt_log" >&2
    rm -f "$apt_log.update"
    cannot_install 'apt-get could not install what is missing (see above).'
  fi
  retire_new_nginx
  allow_services
  rm -f "$apt_log" "$apt_log.update"
  trap - EXIT
}

install_programs() {
  missing=$(missing_programs)
  [ -n "$missing" ] || return 0
  packages=$(echo "$missing" | sed 's/:.*//')
  echo "$missing" | while read -r line; do say "missing: $line"; done
  command -v apt-get >/dev/null || cannot_install 'There is no apt-get on this machine.'
  find_root
  # One at a time on the whole machine: the policy file above is the machine's.
  if command -v flock >/dev/null; then exec 8</var/lib/dpkg && flock 8; fi
  say "installing by apt-get${as_root:+ with sudo}: $(echo "$packages" | paste -s -d ' ' -)"
  apt_log=$(mktemp)
  install_by_apt
  exec 8<&-
  missing=$(missing_programs)
  [ -z "$missing" ] || cannot_install 'apt-get installed what it has, but some programs are still missing.'
}
