import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { platform } from 'node:os'
import path from 'node:path'
import { CaError } from './ca-error.ts'

/** Permission bits of the group and of others. */
export const GROUP_AND_OTHERS = 0o077
export const OTHERS = 0o007
const WRITE_BY_GROUP_AND_OTHERS = 0o022

/** The text of a file; `undefined` where there is none. */
export async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw unavailable(file, error)
  }
}

/** The text of a file that holds a key: refused where anybody in `forbidden` may do anything with it. */
export async function readKeyText(file: string, forbidden: number): Promise<string | undefined> {
  const mode = await modeOf(file)
  if (mode === undefined) return undefined
  if ((mode & forbidden) !== 0) {
    throw new CaError(
      'WEFT_CA_KEY_EXPOSED',
      `${file} can be read or written by others (mode ${octal(mode)}), so whoever has an account here may be any workload: ` +
        `take that away ("chmod 600 ${file}"; a Secret of Kubernetes: defaultMode 0400), and change the key where others may have read it.`,
    )
  }
  return readText(file)
}

/** Refuses a directory in which others could put files of their own. */
export async function checkDirectory(directory: string): Promise<boolean> {
  const mode = await modeOf(directory)
  if (mode === undefined) return false
  if ((mode & WRITE_BY_GROUP_AND_OTHERS) === 0) return true
  throw new CaError(
    'WEFT_CA_KEY_EXPOSED',
    `${directory} can be written by others (mode ${octal(mode)}), who could put a key of theirs there: "chmod 700 ${directory}", after looking whether the files are yours.`,
  )
}

export async function listFiles(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (isAbsent(error)) return []
    throw unavailable(directory, error)
  }
}

export async function makeDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw unavailable(directory, error)
  })
}

/** Whole or not at all, on disk when it resolves, and for nobody but the owner. */
export async function writeWhole(file: string, content: string): Promise<void> {
  const draft = `${file}.new`
  try {
    // What a crash has left is not ours to trust: neither its mode nor where it points.
    await rm(draft, { force: true })
    await withFile(await open(draft, 'wx', 0o600), async (handle) => {
      await handle.writeFile(content)
      await handle.sync()
    })
    await rename(draft, file)
    await syncDirectory(path.dirname(file))
  } catch (error) {
    throw unavailable(file, error)
  }
}

export async function removeFile(file: string): Promise<void> {
  await rm(file, { force: true }).catch((error: unknown) => {
    throw unavailable(file, error)
  })
}

async function syncDirectory(directory: string): Promise<void> {
  // Windows knows no such thing.
  if (platform() === 'win32') return
  await withFile(await open(directory, 'r'), (handle) => handle.sync())
}

async function withFile(handle: FileHandle, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(handle)
  } finally {
    await handle.close()
  }
}

/** Permission bits; none on Windows, where they say nothing. */
async function modeOf(file: string): Promise<number | undefined> {
  try {
    const { mode } = await stat(file)
    return platform() === 'win32' ? 0 : mode & 0o777
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw unavailable(file, error)
  }
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

function unavailable(file: string, error: unknown): CaError {
  return new CaError('WEFT_CA_UNAVAILABLE', `${file}: ${(error as Error).message}`, error)
}

const octal = (mode: number): string => `0${mode.toString(8)}`
