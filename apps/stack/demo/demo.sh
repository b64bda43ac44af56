#!/bin/sh
# npm run demo: publishes a test picture to the OnAir that is running. Ctrl-C ends it.
set -eu
cd "$(dirname "$0")/../../.."
setup_for=demo
. apps/stack/setup/setup.sh
[ ! -f .env ] || become node --env-file=.env apps/stack/demo/demo.ts "$@"
become node apps/stack/demo/demo.ts "$@"
