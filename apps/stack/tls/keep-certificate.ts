// Puts the certificate where the user of nginx's worker can read it, and makes sure that it can.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { TlsFiles } from '../../control/config.ts'
import { StartError } from '../start-error.ts'
import type { Certificate } from './certificate.ts'
import type { FileOwner } from './certificate-folder.ts'
import { CertificateKeeper } from './certificate-keeper.ts'

/** @throws StartError when nginx's user does not exist or cannot reach the folder */
export function keepCertificate(
  { env, say }: { readonly env: NodeJS.ProcessEnv; readonly say: (line: string) => void },
  files: TlsFiles,
  certificate: Certificate,
  folder: string,
): CertificateKeeper {
  const user = process.getuid?.() === 0 ? env.NGINX_USER : undefined
  const owner = user ? idsOf(user) : undefined
  const keeper = new CertificateKeeper({
    ...{ files, certificate, folder, owner },
    say: (line) => say(`[tls] ${line}`),
  })
  keeper.start()
  if (owner !== undefined && !canRead(owner, join(folder, 'current/key.pem'))) {
    keeper[Symbol.dispose]()
    throw new StartError(
      `OnAir can't start: nginx runs as ${user} (NGINX_USER), who can't enter ${folder}.\n` +
        'Let other users enter the folders above it (chmod o+x), or set DATA_DIR to another folder.',
    )
  }
  return keeper
}

function idsOf(user: string): FileOwner {
  const idOf = (option: string) => {
    const { status, stdout } = spawnSync('id', [option, '--', user], { encoding: 'utf8' })
    if (status !== 0) throw new StartError(`OnAir can't start: NGINX_USER: there is no user ${user}`)
    return Number(stdout)
  }
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/** setpriv is part of util-linux, which is on every Debian and Ubuntu. Where it is not, this answers yes. */
function canRead({ uid, gid }: FileOwner, file: string): boolean {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  return spawnSync('setpriv', [...ids, '--', 'test', '-r', file]).status !== 1
}
