#!/bin/sh
# Brings a checkout to where Node 24 can take over: npm packages, the Prisma client, the page, and
# the system's programs. Does nothing, fast, when all is there. Plain sh, since Node 24 is not there yet.
# Run it (`sh apps/stack/setup/setup.sh start|demo|test`) or source it with setup_for set, in the checkout.
set -eu
setup_for=${setup_for:-${1:-start}}

say() { printf 'set-up: %s\n' "$*"; }
fail() {
  printf 'set-up: %s\n' "$@" >&2
  exit 1
}

[ -f package-lock.json ] && [ -d apps/stack ] || fail "run this in OnAir's folder"
# Debian keeps servers where an ordinary user's PATH does not look.
PATH=$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin
export PATH

# npm under a packages folder that is just being replaced must not run on the Node inside it.
path_without_packages() {
  printf %s "$PATH" | tr : '\n' | grep -v '/node_modules/\.bin$' | paste -s -d : -
}

check_node() {
  command -v node >/dev/null && command -v npm >/dev/null ||
    fail 'Node.js 20 or newer, with npm, is needed and not there.' \
      'Install it (https://nodejs.org), or use the other way: docker compose up'
  version=$(node --version)
  major=${version#v}
  [ "${major%%.*}" -ge 20 ] || fail "Node.js 20 or newer is needed; this is $version ($(command -v node))."
}

install_packages() {
  installed=no
  node apps/stack/setup/packages-current.cjs && return
  installed=yes
  say 'installing npm packages (npm ci: node_modules is missing or not what package-lock.json says)'
  # Any file named as Prisma's engine keeps its packages from downloading one, which OnAir never runs.
  PATH=$(path_without_packages) PRISMA_SCHEMA_ENGINE_BINARY=/bin/true NODE_ENV=development \
    npm ci --include=dev --include=optional --no-audit --no-fund --loglevel=error >&2 ||
    fail 'npm ci failed (see above). It needs a way to an npm registry.' \
      'The other way: docker compose up'
}

check_node_24() {
  [ "$installed" = yes ] || [ ! -x node_modules/node/bin/node ] || return 0
  case $(node_modules/.bin/node --version 2>/dev/null || true) in v24.*) return ;; esac
  say "fetching Node 24 (npm rebuild node: the package's own install step has not run)"
  PATH=$(path_without_packages) npm rebuild node --loglevel=error >&2 || true
  case $(node_modules/.bin/node --version 2>/dev/null || true) in v24.*) return ;; esac
  fail 'the npm package `node` did not bring Node 24 for this machine.' \
    'Allow its install script (npm config: ignore-scripts=false) and run: npm rebuild node' \
    'The other way: docker compose up'
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
    # The API and the players of others work without it, and its own tests say the rest.
    [ -f apps/web/dist/index.html ] || [ "$setup_for" = test ] || fail 'building the page failed (see above)'
    say 'building the page failed (see above): going on with what was there'
    return
  fi
  mkdir -p node_modules/.cache
  printf '%s\n' "$now" >$stamp
}

set_up() {
  check_node
  # Two set-ups in one checkout take turns; the lock goes with the process that holds it.
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
  exec 9<&-
}

# A signal is acted on once the running step is over: a half-done npm ci or apt-get helps nobody.
trap 'exit 130' INT
trap 'exit 143' TERM HUP
set_up
trap - INT TERM HUP

# Under npm, a killed npm takes what it started with it; by hand, nohup and the like are not disturbed.
become() {
  if [ -n "${npm_lifecycle_event:-}" ] && setpriv --pdeathsig TERM true 2>/dev/null; then
    exec setpriv --pdeathsig TERM "$@"
  fi
  exec "$@"
}
