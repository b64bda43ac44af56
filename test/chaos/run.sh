#!/bin/sh
# npm run chaos: sets up what is missing, then runs test/chaos/run.ts on Node 24.
set -eu
cd "$(dirname "$0")/../.."
setup_for=test
. apps/stack/setup/setup.sh
exec node test/chaos/run.ts "$@"
