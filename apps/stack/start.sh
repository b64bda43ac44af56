#!/bin/sh
# npm start: installs what is missing, then becomes the Node 24 process that runs OnAir.
set -eu
cd "$(dirname "$0")/../.."
setup_for=start
case " $* " in *' --tls-self-signed '*) with_tls=self-signed ;; esac
. apps/stack/setup/setup.sh
[ ! -f .env ] || become node --env-file=.env apps/stack/main.ts "$@"
become node apps/stack/main.ts "$@"
