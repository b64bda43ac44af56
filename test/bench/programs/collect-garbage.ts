// Preloaded with --expose-gc where memory is measured: SIGUSR2 leaves what is really in use.
process.on('SIGUSR2', () => globalThis.gc?.())
