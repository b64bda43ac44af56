#!/bin/sh
# npm run attack: sets up what is missing, then runs test/attack/run.ts on Node 24.
set -eu
cd "$(dirname "$0")/../.."
setup_for=test
. apps/stack/setup/setup.sh
become node test/attack/run.ts "$@"
