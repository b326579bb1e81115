import { constants, lstat, open } from 'node:fs/promises'

/*
 * Files that hold secrets: nobody but this user may get at them, and no link leads away from them.
 */

/** Something is there and cannot be used. */
export class Unusable extends Error {}

/** A directory or a file lets others in, or is not what it should be. */
export class Unsafe extends Error {}

/** Rights of the group and of others. */
const OTHERS = 0o077

/** Rejects with {@link Unsafe}, and where there is no directory. `uid`: of this process; `undefined` on a system that has no users. */
export async function checkDirectory(directory: string, uid: number | undefined): Promise<void> {
  const found = await lstat(directory)
  if (!found.isDirectory()) throw new Unsafe(`${directory} is no directory, and links are not followed`)
  checkAccess(directory, found, uid)
}

/** Rejects with {@link Unsafe}, with {@link Unusable} for a file that is larger, and where there is no file. */
export async function readGuarded(file: string, uid: number | undefined, maxBytes: number): Promise<string> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(file, flags).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ELOOP' ? new Unsafe(`${file} is a link, and links are not followed`) : error
  })
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw new Unsafe(`${file} is no file`)
    checkAccess(file, found, uid)
    if (found.size > maxBytes) throw new Unusable(`${file} is larger than ${maxBytes} bytes`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

/** Writes a file for this user alone, down to the disk. */
export async function writeGuarded(file: string, text: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
  const handle = await open(file, flags, 0o600)
  try {
    // One that is there already has the mode that it had.
    await handle.chmod(0o600)
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function checkAccess(
  name: string,
  found: { readonly uid: number; readonly mode: number },
  uid: number | undefined,
): void {
  if (uid === undefined) return
  if (found.uid !== uid) throw new Unsafe(`${name} belongs to user ${found.uid} and not to ${uid}`)
  if ((found.mode & OTHERS) !== 0) {
    throw new Unsafe(`others can get at ${name}: take their rights away (chmod go= ${name})`)
  }
}
