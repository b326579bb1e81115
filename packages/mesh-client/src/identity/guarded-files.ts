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

/** For opening: a link is not followed, and a pipe that nobody writes to is not waited for. */
export const READ_FLAGS: number = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Rejects with {@link Unsafe}, and where there is no directory. `uid`: of this process; `undefined` on a system that has no users. */
export async function checkDirectory(directory: string, uid: number | undefined): Promise<void> {
  checkOwnDirectory(directory, await lstat(directory), uid)
}

/** Rejects with {@link Unsafe}, with {@link Unusable} for a file that is larger, and where there is no file. */
export async function readGuarded(file: string, uid: number | undefined, maxBytes: number): Promise<string> {
  const handle = await open(file, READ_FLAGS).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ELOOP' ? new Unsafe(`${file} is a link, and links are not followed`) : error
  })
  try {
    checkOwnFile(file, await handle.stat(), uid, maxBytes)
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

/** What the system tells of a directory or a file. */
interface Found {
  readonly uid: number
  readonly mode: number
  readonly size: number
  isFile(): boolean
  isDirectory(): boolean
}

/** @throws Unsafe */
export function checkOwnDirectory(directory: string, found: Found, uid: number | undefined): void {
  if (!found.isDirectory()) throw new Unsafe(`${directory} is no directory, and links are not followed`)
  checkAccess(directory, found, uid)
}

/** @throws Unsafe, Unusable */
export function checkOwnFile(file: string, found: Found, uid: number | undefined, maxBytes: number): void {
  if (!found.isFile()) throw new Unsafe(`${file} is no file`)
  checkAccess(file, found, uid)
  if (found.size > maxBytes) throw new Unusable(`${file} is larger than ${maxBytes} bytes`)
}

function checkAccess(name: string, found: Found, uid: number | undefined): void {
  if (uid === undefined) return
  if (found.uid !== uid) throw new Unsafe(`${name} belongs to user ${found.uid} and not to ${uid}`)
  if ((found.mode & OTHERS) !== 0) {
    throw new Unsafe(`others can get at ${name}: take their rights away (chmod go= ${name})`)
  }
}
