#!/bin/sh
# npm run bench: sets up what is missing, then runs test/bench/run.ts on Node 24.
set -eu
cd "$(dirname "$0")/../.."
setup_for=test
. apps/stack/setup/setup.sh
become node test/bench/run.ts "$@"
