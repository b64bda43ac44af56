#!/bin/sh
# npm run soak: sets up what is missing, then runs test/soak/run.ts on Node 24.
set -eu
cd "$(dirname "$0")/../.."
setup_for=test
. apps/stack/setup/setup.sh
become node test/soak/run.ts "$@"
