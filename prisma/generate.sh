#!/bin/sh
# Generates the Prisma client. `prisma generate` wants to download its schema engine although it
# never runs it; naming any file as that engine spares the download (Prisma 7.10).
set -eu
cd "$(dirname "$0")/.."
PRISMA_SCHEMA_ENGINE_BINARY=${PRISMA_SCHEMA_ENGINE_BINARY:-/bin/true} PRISMA_HIDE_UPDATE_MESSAGE=1 \
  node node_modules/prisma/build/index.js generate
