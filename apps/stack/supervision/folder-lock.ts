// A lock that keeps two stacks from using one data folder. It is a listening socket in Linux's abstract
// namespace: only one process can have it, and the kernel closes it when that process dies.
import { mkdirSync, statSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'

export class FolderLock implements AsyncDisposable {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /**
   * Creates the folder if it does not exist.
   * @param pid the process that a second start names as the one that has the folder
   * @returns the lock, or the pid of the process that has it ('unknown' when it does not say)
   */
  static async take(folder: string, pid = process.pid): Promise<FolderLock | { readonly heldBy: string }> {
    mkdirSync(folder, { recursive: true })
    const { dev, ino } = statSync(folder, { bigint: true })
    // By device and inode, because one folder can have several paths.
    const address = `\0onair-data-${dev}-${ino}`
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(`${pid}`)
    })
    const taken = await new Promise<boolean>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' ? resolve(true) : reject(error),
      )
      server.listen(address, () => resolve(false))
    })
    if (taken) return { heldBy: await askHolder(address) }
    // The lock must not keep the process running.
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
