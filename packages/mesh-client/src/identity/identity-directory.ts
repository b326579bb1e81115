import { createHash, createPrivateKey, type KeyObject } from 'node:crypto'
import { mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import type { Result } from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../kernel/logger.ts'
import { checkDirectory, readGuarded, Unusable, writeGuarded } from './guarded-files.ts'
import { readCertificateResponse, type Svid, splitPem } from './svid.ts'

/** What was kept, and for how long it is still good. */
export interface KeptIdentity {
  readonly svid: Svid
  readonly remainingMs: number
}

/** Keeps key and certificate for a restart while the control server is down. */
export interface IdentityDirectory {
  /** What is kept and still good. Never rejects: what cannot be used is told, and put aside. */
  load(): Promise<KeptIdentity | undefined>
  /** Replaces what is kept, in the background. */
  save(svid: Svid, remainingMs: number): void
  /** When nothing is being written any more. */
  idle(): Promise<void>
}

/** The process that has the identity. */
export interface IdentityHolder {
  readonly workloadId: string
  readonly pid: number
  /** In milliseconds since 1970. */
  readonly startedAt: number
}

export interface IdentityDirectoryDeps {
  readonly directory: string
  /** Whose identity it may hold. */
  readonly namespace: string
  readonly serviceAccount: string
  /** This process; the next one goes on as the same workload. */
  readonly holder: IdentityHolder
  /** User of this process; `undefined` on a system that has no users. */
  readonly uid: number | undefined
  readonly clock: Clock
  readonly logger: Logger
}

/** Names as Istio's agent writes them. */
const FILES = { key: 'key.pem', chain: 'cert-chain.pem', roots: 'root-cert.pem' } as const
/** Describes the other files. */
export const IDENTITY_FILE = 'identity.json'

type Part = keyof typeof FILES
const PARTS: readonly Part[] = ['key', 'chain', 'roots']

/** What the other files hold, and how long it counts. */
interface Meta {
  readonly format: number
  readonly spiffeId: string
  readonly trustDomains: readonly string[]
  readonly ttlMs: number
  /** By this machine's clock, in milliseconds since 1970. */
  readonly expiresAt: number
  readonly holder: IdentityHolder
  readonly sha256: Readonly<Record<Part, string>>
}

/** Grows when an older reader could not use the files. */
const FORMAT = 1

/** Of each file. */
export const MAX_IDENTITY_BYTES: number = 1024 * 1024

/**
 * Four files below a directory of this user alone. All are written beside the old ones first; then the description, which names
 * the others by their hashes, takes its place and after it they do: whenever a process dies, old and new files together hold one whole
 * identity.
 */
export function createIdentityDirectory(deps: IdentityDirectoryDeps): IdentityDirectory {
  const { directory, clock, logger } = deps
  let last: Promise<void> = Promise.resolve()
  let told = ''
  const warn = (message: string, reason: string): void => {
    if (told !== reason) logger.warn(message, { directory, reason })
    told = reason
  }
  return {
    async load() {
      try {
        await checkDirectory(directory, deps.uid)
        return await read(deps)
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        if (code === 'ENOENT') return undefined
        if (error instanceof Unusable) await putAside(directory)
        const fate = error instanceof Unusable ? 'is put aside' : 'is not used'
        warn(`What the identity directory holds ${fate}`, message)
        return undefined
      }
    },
    save(svid, remainingMs) {
      const expiresAt = clock.wallNow() + remainingMs
      last = last
        .then(() => write(deps, svid, expiresAt))
        .then(
          () => {
            told = ''
          },
          (error: Error) => warn('The identity cannot be kept for the next start', error.message),
        )
    },
    idle: () => last,
  }
}

async function read({
  directory,
  namespace,
  serviceAccount,
  uid,
  clock,
}: IdentityDirectoryDeps): Promise<KeptIdentity | undefined> {
  const meta = parseMeta(await readGuarded(path.join(directory, IDENTITY_FILE), uid, MAX_IDENTITY_BYTES))
  const texts = {
    key: await part(directory, 'key', meta, uid),
    chain: await part(directory, 'chain', meta, uid),
    roots: await part(directory, 'roots', meta, uid),
  }
  const { trustDomains, ttlMs, expiresAt, spiffeId } = meta
  const [trustDomain = '', ...trustDomainAliases] = trustDomains
  const response = {
    certificateChain: splitPem(texts.chain),
    trustBundle: splitPem(texts.roots),
    spiffeId,
    ttlMs,
    trustDomain,
    trustDomainAliases,
  }
  const svid: Result<Svid, string> = readCertificateResponse(response, parseKey(texts.key))
  if (!svid.ok) throw new Unusable(svid.error)
  const { id, uri } = svid.value
  if (id.namespace !== namespace || id.serviceAccount !== serviceAccount) {
    throw new Unusable(`it is the identity of somebody else, ${uri}`)
  }
  const remainingMs = Math.min(expiresAt - clock.wallNow(), svid.value.ttlMs)
  return remainingMs > 0 ? { svid: svid.value, remainingMs } : undefined
}

/** The file that the description means: the one in place, or the one that did not get there any more. */
async function part(directory: string, name: Part, meta: Meta, uid: number | undefined): Promise<string> {
  const file = path.join(directory, FILES[name])
  for (const candidate of [file, besides(file)]) {
    const text = await readGuarded(candidate, uid, MAX_IDENTITY_BYTES).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (text !== undefined && digest(text) === meta.sha256[name]) return text
  }
  throw new Unusable(`${FILES[name]} is missing or is not the one that ${IDENTITY_FILE} tells of`)
}

function parseMeta(text: string): Meta {
  try {
    const meta = JSON.parse(text) as Meta
    const numbers = [meta.ttlMs, meta.expiresAt].every((value) => Number.isFinite(value))
    if (meta.format === FORMAT && numbers && Array.isArray(meta.trustDomains) && typeof meta.sha256 === 'object') {
      return meta
    }
  } catch {
    // Told below.
  }
  throw new Unusable(`${IDENTITY_FILE} is not of format ${FORMAT}`)
}

function parseKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new Unusable(`${FILES.key} holds no private key`)
  }
}

async function write(deps: IdentityDirectoryDeps, svid: Svid, expiresAt: number): Promise<void> {
  const { directory } = deps
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await checkDirectory(directory, deps.uid)
  const texts = {
    key: svid.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    chain: svid.certificateChain,
    roots: svid.trust.certificates.join(''),
  }
  const meta: Meta = {
    format: FORMAT,
    spiffeId: svid.uri,
    trustDomains: svid.trust.trustDomains,
    ttlMs: svid.ttlMs,
    expiresAt,
    holder: deps.holder,
    sha256: { key: digest(texts.key), chain: digest(texts.chain), roots: digest(texts.roots) },
  }
  const files: readonly (readonly [string, string])[] = [
    [IDENTITY_FILE, `${JSON.stringify(meta, undefined, 2)}\n`],
    ...PARTS.map((name) => [FILES[name], texts[name]] as const),
  ]
  for (const [name, text] of files) await writeGuarded(besides(path.join(directory, name)), text)
  for (const [name] of files) await rename(besides(path.join(directory, name)), path.join(directory, name))
}

async function putAside(directory: string): Promise<void> {
  for (const name of [IDENTITY_FILE, ...Object.values(FILES)]) {
    const file = path.join(directory, name)
    await rename(file, `${file}.unusable`).catch(() => undefined)
  }
}

const besides = (file: string): string => `${file}.new`

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
