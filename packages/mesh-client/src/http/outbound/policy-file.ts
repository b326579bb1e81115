import { constants, open } from 'node:fs/promises'

/** The certificates of every authority that an operating system believes take a quarter of it. */
const MAX_BYTES = 1024 * 1024

/**
 * The text of a file that policy names. Rejects for one that is larger than any certificate, and for what is no file: whoever writes
 * policy must not be able to hold this process (a pipe) or fill its memory (`/dev/zero`).
 */
export async function readPolicyFile(path: string): Promise<string> {
  // Without waiting for whoever might write into a pipe.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw new Error('it is no regular file')
    if (stats.size > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}
