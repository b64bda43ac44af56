#!/bin/sh
# npm test: sets up what is missing, then runs the tests on Node 24. Arguments select files by their
# path's beginning (npm test -- test/control/streams); those with a dash go to Node's runner.
set -eu
cd "$(dirname "$0")/.."
setup_for=test
. apps/stack/setup/setup.sh
become node test/run.ts "$@"
