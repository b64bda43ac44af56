#!/bin/sh
# npm test: installs what is missing, then runs the tests on Node 24. Arguments select test files by the
# beginning of their path (npm test -- test/control/streams); those with a dash are for Node's runner.
set -eu
cd "$(dirname "$0")/.."
setup_for=test
. apps/stack/setup/setup.sh
become node test/run.ts "$@"
