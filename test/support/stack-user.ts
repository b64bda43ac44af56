// Lets a stack that root starts, and that then runs as another user, use a database server that root has
// started for the tests.
import { chmodSync, chownSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseConnectionUrl } from '../../apps/control/database/connection-url.ts'
import type { Secret } from '../../apps/control/domain/secret.ts'
import { DEFAULT_USER, findUser, type SystemUser } from '../../apps/stack/privileges/run-as.ts'

/** Who a stack runs as that these tests start; undefined when they do not run as root. */
export function stackUser(): SystemUser | undefined {
  return process.getuid?.() === 0 ? findUser(DEFAULT_USER) : undefined
}

/** Its group may enter the folder of the server's socket; nobody else may, because the server asks for no password. */
export function letStackUse(url: Secret): void {
  const user = stackUser()
  const { socketPath } = parseConnectionUrl(url)
  if (user === undefined || socketPath === undefined) return
  chownSync(dirname(socketPath), 0, user.gid)
  chmodSync(dirname(socketPath), 0o710)
  chmodSync(socketPath, 0o777)
}
