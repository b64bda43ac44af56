// One stack per data folder. The lock is a listening socket in Linux's abstract namespace: two starts
// can't both get it, and the kernel takes it back from a process that was killed, so it is never stale.
import { mkdirSync, statSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'

export class FolderLock implements AsyncDisposable {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /**
   * Makes the folder when it is missing.
   * @returns the lock, or the pid of the process that has it ('unknown' when it does not say)
   */
  static async take(folder: string): Promise<FolderLock | { readonly heldBy: string }> {
    mkdirSync(folder, { recursive: true })
    const { dev, ino } = statSync(folder, { bigint: true })
    // By device and inode: two paths to one folder are one lock.
    const address = `\0onair-data-${dev}-${ino}`
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(`${process.pid}`)
    })
    const taken = await new Promise<boolean>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' ? resolve(true) : reject(error),
      )
      server.listen(address, () => resolve(false))
    })
    if (taken) return { heldBy: await askHolder(address) }
    // The lock alone keeps no process alive.
    server.unref()
    return new FolderLock(server)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

function askHolder(address: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(address)
      .setEncoding('utf8')
      .setTimeout(1000, () => socket.destroy())
      .on('data', (text) => {
        answer += text
      })
      .on('error', () => undefined)
      .on('close', () => resolve(answer || 'unknown'))
  })
}
