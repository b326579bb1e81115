import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { connect, type PeerCertificate } from 'node:tls'
import {
  CONTROL_SERVER_SERVICE_ACCOUNT,
  isControlServer,
  parseCredential,
  ROOT_NAMESPACE,
  spiffeIdOf,
} from '@weft/mesh-protocol'
import type { Clock } from '../kernel/clock.ts'
import type { Timers } from '../kernel/timers.ts'
import type { Identity, Trust } from './identity.ts'
import { splitPem } from './svid.ts'

/** How a control server is connected to over TLS; the same object for as long as nothing of it changes. */
export interface ControlTlsOptions {
  readonly minVersion: 'TLSv1.2'
  /** A resumed session would keep the identity of before, and its peer is not looked at. */
  readonly maxCachedSessions: 0
  /** Absent: the authorities of the platform. */
  readonly ca?: string[]
  readonly allowPartialTrustChain?: boolean
  readonly checkServerIdentity?: (host: string, certificate: PeerCertificate) => Error | undefined
  /** Who this process is, once that is known. */
  readonly cert?: string
  readonly key?: string
}

export interface ControlTrustDeps {
  /** PEM file of the authorities that a control server's certificate has to come from. */
  readonly caFile: string | undefined
  /** SHA-256 of one of its certificates, hex in lower case. */
  readonly caFingerprint: string | undefined
  readonly token: () => Promise<string | undefined>
  /** What is held at this moment. */
  readonly identity: () => Identity | undefined
  /** Whom the mesh believes, as far as it is known. */
  readonly trust: () => Trust | undefined
  readonly clock: Clock
  readonly timers: Timers
}

/** Makes sure of whom this process speaks to before it shows its token. */
export interface ControlTrust {
  /** For a connection to this URL (`https:`). Rejects, saying why, where the control server is not the one that is pinned. */
  optionsFor(url: URL): Promise<ControlTlsOptions>
}

/** A file that is replaced is read again after this. */
const FRESH_MS = 10_000

/** For one connection that only looks at the certificates. */
const LOOK_TIMEOUT_MS = 5_000

/** More certificates than this are no chain. */
const MAX_CHAIN = 10

export function createControlTrust(deps: ControlTrustDeps): ControlTrust {
  let read: { readonly at: number; readonly roots: readonly string[] } | undefined
  /** Roots by the fingerprint that they were looked up by. */
  const found = new Map<string, string>()
  let made: { readonly from: string; readonly options: ControlTlsOptions } | undefined

  const rootsOfFile = async (file: string): Promise<readonly string[]> => {
    if (read !== undefined && deps.clock.now() - read.at < FRESH_MS) return read.roots
    read = { at: deps.clock.now(), roots: await readRoots(file) }
    return read.roots
  }
  const rootsOfFingerprint = async (
    fingerprint: string,
    url: URL,
    held: readonly string[],
  ): Promise<readonly string[]> => {
    if (held.some((pem) => fingerprintOf(new X509Certificate(pem)) === fingerprint)) return []
    const known = found.get(fingerprint)
    if (known !== undefined) return [known]
    try {
      const root = await lookUp(url, fingerprint, deps.timers)
      found.clear()
      found.set(fingerprint, root)
      return [root]
    } catch (error) {
      // A mesh that has changed its root since then is known by what it told on the way.
      if (held.length > 0) return []
      throw error
    }
  }
  /** `undefined`: nothing is pinned. */
  const pinnedRoots = async (url: URL): Promise<readonly string[] | undefined> => {
    const held = deps.trust()?.certificates ?? []
    if (deps.caFile !== undefined) return [...(await rootsOfFile(deps.caFile)), ...held]
    const fingerprint = deps.caFingerprint ?? parseCredential((await tokenOrNone(deps)) ?? '')?.caFingerprint
    if (fingerprint === undefined) return undefined
    return [...(await rootsOfFingerprint(fingerprint, url, held)), ...held]
  }

  return {
    async optionsFor(url) {
      const roots = await pinnedRoots(url)
      const identity = deps.identity()
      const from = JSON.stringify([roots, identity?.certificateChain])
      if (made?.from !== from) made = { from, options: optionsOf(roots, identity) }
      return made.options
    },
  }
}

/** Who has a certificate may have lost the token. */
async function tokenOrNone({ token, identity }: ControlTrustDeps): Promise<string | undefined> {
  try {
    return await token()
  } catch (error) {
    if (identity() === undefined) throw error
    return undefined
  }
}

function optionsOf(roots: readonly string[] | undefined, identity: Identity | undefined): ControlTlsOptions {
  return {
    minVersion: 'TLSv1.2',
    maxCachedSessions: 0,
    ...(roots === undefined
      ? {}
      : { ca: [...roots], allowPartialTrustChain: true, checkServerIdentity: checkControlServer }),
    ...(identity === undefined ? {} : { cert: identity.certificateChain, key: identity.privateKey }),
  }
}

/**
 * Every workload has a certificate of the same authority: what tells the control server from them is its name in the mesh, of
 * which only the trust domain may be any. Host names say nothing here.
 */
export function checkControlServer(host: string, { subjectaltname }: PeerCertificate): Error | undefined {
  const id = spiffeIdOf(subjectaltname)
  if (id !== undefined && isControlServer(id)) return undefined
  return new Error(
    `${host} is no control server: its certificate names ${subjectaltname ?? 'nobody'} and not ` +
      `spiffe://…/ns/${ROOT_NAMESPACE}/sa/${CONTROL_SERVER_SERVICE_ACCOUNT}`,
  )
}

async function readRoots(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`the CA file ${file} cannot be read (${error.code})`, { cause: error })
  })
  const roots = splitPem(text)
  if (roots.length === 0) throw new Error(`the CA file ${file} holds no certificate in PEM`)
  return roots
}

/**
 * The certificate of this fingerprint among those that the server shows. Nothing is said to the server, and nothing believed but
 * the fingerprint: the connection that is used afterwards has to lead to this very certificate.
 */
function lookUp(url: URL, fingerprint: string, timers: Timers): Promise<string> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const port = url.port === '' ? 443 : Number(url.port)
    const servername = isIP(host) === 0 ? { servername: host } : {}
    const socket = connect({ host, port, ...servername, rejectUnauthorized: false, minVersion: 'TLSv1.2' })
    const finish = (settle: () => void): void => {
      timers.clear(timer)
      socket.destroy()
      settle()
    }
    const timer = timers.set(
      () => finish(() => reject(new Error(`no TLS handshake within ${LOOK_TIMEOUT_MS} ms`))),
      LOOK_TIMEOUT_MS,
    )
    socket.unref()
    socket.on('error', (error) => finish(() => reject(error)))
    socket.on('secureConnect', () => {
      const shown = chainOf(socket.getPeerX509Certificate())
      const pinned = shown.find((certificate) => certificate.ca && fingerprintOf(certificate) === fingerprint)
      if (pinned !== undefined) return finish(() => resolve(String(pinned)))
      const last = shown.at(-1)
      const told = last === undefined ? 'none' : fingerprintOf(last)
      const message =
        `${url.origin} is not the control server that is pinned: none of its authorities has the fingerprint ` +
        `${fingerprint} (it shows ${told})`
      finish(() => reject(new Error(message)))
    })
  })
}

function chainOf(leaf: X509Certificate | undefined): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  for (let next = leaf; next !== undefined && chain.length < MAX_CHAIN; next = next.issuerCertificate) chain.push(next)
  return chain
}

/** SHA-256 of the DER, hex in lower case. */
function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}
