#!/bin/sh
# Installs and builds what OnAir needs: npm packages with Node 24, the Prisma client, the page, programs such as
# nginx, and for root a system user. When nothing is missing it takes a fraction of a second. It is plain sh, because Node 24 is
# one of the things it installs. In OnAir's folder, run it (sh apps/stack/setup/setup.sh start|demo|test), or
# source it with setup_for set; sourcing also defines `become`.
set -eu
setup_for=${setup_for:-${1:-start}}

say() { printf 'set-up: %s\n' "$*"; }
fail() {
  printf 'set-up: %s\n' "$@" >&2
  exit 1
}

[ -f package-lock.json ] && [ -d apps/stack ] || fail "run this in OnAir's folder"
# Debian installs servers in folders that are only in root's PATH.
PATH=$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin
export PATH

# PATH without node_modules/.bin: npm must not run on the Node in there while it replaces that folder.
path_without_packages() {
  printf %s "$PATH" | tr : '\n' | grep -v '/node_modules/\.bin$' | paste -s -d : -
}

check_node() {
  command -v node >/dev/null && command -v npm >/dev/null ||
    fail 'Node.js 20 or newer with npm is needed, but not installed.' \
      'Install it (https://nodejs.org), or run OnAir in containers: docker compose up'
  version=$(node --version)
  major=${version#v}
  [ "${major%%.*}" -ge 20 ] || fail "Node.js 20 or newer is needed; this is $version ($(command -v node))."
}

install_packages() {
  installed=no
  node apps/stack/setup/packages-current.cjs && return
  installed=yes
  say 'installing npm packages (npm ci: node_modules is missing or not what package-lock.json says)'
  # With any file set as its engine, Prisma's packages do not download one. OnAir never runs it.
  PATH=$(path_without_packages) PRISMA_SCHEMA_ENGINE_BINARY=/bin/true NODE_ENV=development \
    npm ci --include=dev --include=optional --no-audit --no-fund --loglevel=error >&2 ||
    fail 'npm ci failed (see above). It needs access to an npm registry.' \
      'Or run OnAir in containers: docker compose up'
}

# Node 24 is an npm package for each kind of machine, and optional as such: npm ci passes over one that it may not
# install, or whose download fails. package-lock.json has the checksums.
check_node_24() {
  [ "$installed" = yes ] || [ ! -x node_modules/.bin/node ] || return 0
  case $(node_modules/.bin/node --version 2>/dev/null || true) in v24.*) return ;; esac
  if [ "$installed" = no ]; then
    say 'Node 24 is missing: installing npm packages again'
    rm -f node_modules/.package-lock.json
    install_packages
    case $(node_modules/.bin/node --version 2>/dev/null || true) in v24.*) return ;; esac
  fi
  fail "npm did not install Node 24 for this machine ($(uname -s) $(uname -m))." \
    'There is one for Linux on x64 and arm64, and npm must not omit optional packages (npm config: omit).' \
    'Or run OnAir in containers: docker compose up'
}

stamp_is() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

generate_prisma_client() {
  stamp=apps/control/database/generated/.stamp
  now=$(cat prisma/schema.prisma prisma/generate.sh node_modules/prisma/package.json | sha256sum)
  stamp_is $stamp "$now" && return
  say 'generating the Prisma client'
  output=$(sh prisma/generate.sh 2>&1) || fail "$output" 'generating the Prisma client failed'
  printf '%s\n' "$now" >$stamp
}

build_page() {
  [ -f apps/web/index.html ] || return 0
  stamp=node_modules/.cache/onair-page.stamp
  now=$(find apps/web -path apps/web/dist -prune -o -type f -print | LC_ALL=C sort |
    xargs sha256sum package-lock.json | sha256sum)
  [ -f apps/web/dist/index.html ] && stamp_is $stamp "$now" && return
  say 'building the page'
  if ! output=$(NO_COLOR=1 npm run --silent build:web 2>&1); then
    printf '%s\n' "$output" | head -n 30 >&2
    # With an older page, or in a test run, the rest can continue; the page's own tests will fail.
    [ -f apps/web/dist/index.html ] || [ "$setup_for" = test ] || fail 'building the page failed (see above)'
    say 'building the page failed (see above): continuing without the new page'
    return
  fi
  mkdir -p node_modules/.cache
  printf '%s\n' "$now" >$stamp
}

set_up() {
  check_node
  # One set-up at a time in this folder. The lock ends with the process that holds it.
  if command -v flock >/dev/null; then
    exec 9<apps/stack/setup/setup.sh
    flock -n 9 || { say 'waiting for another set-up in this folder' && flock 9; }
  fi
  install_packages
  check_node_24
  if [ "$setup_for" != demo ]; then
    generate_prisma_client
    build_page
  fi
  . apps/stack/setup/programs.sh
  install_programs
  . apps/stack/setup/user.sh
  make_user
  exec 9<&-
}

# The shell handles a signal when the running command has ended, so npm ci and apt-get are not interrupted.
trap 'exit 130' INT
trap 'exit 143' TERM HUP
set_up
trap - INT TERM HUP

# Replaces the shell with a command. Under npm, the command gets SIGTERM when npm is killed; started by hand
# it does not, so that nohup works.
become() {
  if [ -n "${npm_lifecycle_event:-}" ] && setpriv --pdeathsig TERM true 2>/dev/null; then
    exec setpriv --pdeathsig TERM "$@"
  fi
  exec "$@"
}
