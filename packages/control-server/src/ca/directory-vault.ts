import path from 'node:path'
import { CaError } from './ca-error.ts'
import {
  checkDirectory,
  GROUP_AND_OTHERS,
  listFiles,
  makeDirectory,
  readText,
  removeFile,
  writeWhole,
} from './guarded-files.ts'
import { readIssuer } from './issuer-files.ts'
import { toPem } from './pem.ts'
import type { AuthorityState, RootVault } from './root-vault.ts'
import { believedRoots, nextRootId, parseRotation, type RootId, type Rotation } from './rotation.ts'
import type { Issuer } from './x509-library.ts'

const STATE = 'rotation.json'
const certificateFile = (id: RootId): string => `${id}-cert.pem`
const keyFile = (id: RootId): string => `${id}-key.pem`

/**
 * Keeps the authority below a directory: two files a root, and `rotation.json`, which says which of them count. That one is
 * replaced in a single step, so that a crash leaves the state before or the state after.
 */
export class DirectoryVault implements RootVault {
  private readonly directory: string
  private readonly wallNow: () => number

  constructor(directory: string, wallNow: () => number) {
    this.directory = directory
    this.wallNow = wallNow
  }

  async load(): Promise<AuthorityState | undefined> {
    if (!(await checkDirectory(this.directory))) return undefined
    const rotation = await this.readRotation()
    if (rotation === undefined) return undefined
    const roots = new Map<RootId, Issuer>()
    for (const id of believedRoots(rotation)) roots.set(id, await this.readRoot(id))
    return { rotation, roots }
  }

  async newRootId(): Promise<RootId> {
    const files = await listFiles(this.directory)
    return nextRootId(files.map((file) => file.replace(/-(?:cert|key)\.pem$/, '')))
  }

  async save({ rotation, roots }: AuthorityState): Promise<void> {
    await makeDirectory(this.directory)
    await checkDirectory(this.directory)
    const before = await this.readRotation()
    const files = new Set(await listFiles(this.directory))
    for (const [id, { certificate, privateKey }] of roots) {
      if (files.has(certificateFile(id))) continue
      // The key first: a certificate without its key would be taken for a loss.
      await writeWhole(this.at(keyFile(id)), privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
      await writeWhole(this.at(certificateFile(id)), toPem(certificate))
    }
    await writeWhole(this.at(STATE), `${JSON.stringify(rotation, undefined, 2)}\n`)
    for (const id of before === undefined ? [] : believedRoots(before)) {
      if (roots.has(id)) continue
      await removeFile(this.at(keyFile(id)))
      await removeFile(this.at(certificateFile(id)))
    }
  }

  private readRoot(id: RootId): Promise<Issuer> {
    return readIssuer({
      certificate: this.at(certificateFile(id)),
      key: this.at(keyFile(id)),
      forbidden: GROUP_AND_OTHERS,
      wallNowMs: this.wallNow(),
    })
  }

  private async readRotation(): Promise<Rotation | undefined> {
    const text = await readText(this.at(STATE))
    if (text === undefined) return this.rotationOfFiles()
    const rotation = parseRotation(parseJson(text))
    if (rotation !== undefined) return rotation
    throw new CaError(
      'WEFT_CA_INVALID',
      `${this.at(STATE)} is damaged: put it back from your backup, or, with one root there, remove it.`,
    )
  }

  /** A process that ends between the first root and its state leaves a root alone; it is the authority. */
  private async rotationOfFiles(): Promise<Rotation | undefined> {
    const certificates = (await listFiles(this.directory)).filter((file) => file.endsWith('-cert.pem'))
    if (certificates.length === 0) return undefined
    const [only] = certificates
    const rotation = { phase: 'stable', root: (only as string).replace('-cert.pem', '') }
    const parsed = certificates.length === 1 ? parseRotation(rotation) : undefined
    if (parsed !== undefined) return parsed
    throw new CaError(
      'WEFT_CA_INVALID',
      `${this.directory} holds ${certificates.join(', ')} and no ${STATE} that says which of them count: put it back from your backup, or leave one root there.`,
    )
  }

  private at(file: string): string {
    return path.join(this.directory, file)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
