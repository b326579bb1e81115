import { X509Certificate } from 'node:crypto'
import { checkServerIdentity, createSecureContext, type PeerCertificate, type SecureContext } from 'node:tls'
import { alternativeNames, type ClientTls } from '@weft/mesh-protocol'
import type { buildConnector as BuildConnector } from 'undici'
import { buildConnector } from '../undici.ts'
import { readPolicyFile } from './policy-file.ts'
import { localFault } from './transport-errors.ts'

type Connector = BuildConnector.connector
type ConnectorOptions = Parameters<typeof buildConnector>[0]

/** The fields of a policy that name a file, by what TLS calls its contents. */
const FILES = { ca: 'caCertificates', cert: 'clientCertificate', key: 'privateKey', crl: 'caCrl' } as const

type Part = keyof typeof FILES
type Contents = Partial<Record<Part, string>>

const PARTS = Object.keys(FILES) as Part[]

/** What a policy makes of a connection. */
export interface OriginatedTls {
  readonly secureContext: SecureContext
  readonly rejectUnauthorized: boolean
  /** Absent: Node's own, by the name that the server is asked for. */
  readonly checkServerIdentity?: (host: string, certificate: PeerCertificate) => Error | undefined
}

/**
 * TLS as a policy says. The files are read for every connection, so that one that has changed is in force for the next; what
 * was made from equal contents is used again. A file that cannot be read or used fails the connection with an error that names
 * it, and nothing else.
 */
export function originatedTls(tls: ClientTls): () => Promise<OriginatedTls> {
  let current: { readonly contents: Contents; readonly made: OriginatedTls } | undefined
  return async () => {
    const contents = await readFiles(tls)
    if (current === undefined || PARTS.some((part) => current?.contents[part] !== contents[part])) {
      current = { contents, made: settingsOf(tls, contents) }
    }
    return current.made
  }
}

/** A connector that starts TLS as a policy says. */
export function tlsConnector(tls: ClientTls, options: ConnectorOptions): Connector {
  const settings = originatedTls(tls)
  let current: { readonly made: OriginatedTls; readonly connector: Connector } | undefined
  const connectorOf = async (): Promise<Connector> => {
    const made = await settings()
    if (current?.made !== made) current = { made, connector: connectorWith(made, options) }
    return current.connector
  }
  return (target, callback) => {
    const servername = tls.sni ?? target.servername
    connectorOf().then(
      (connector) => connector(servername === undefined ? target : { ...target, servername }, callback),
      (error: Error) => callback(error, null),
    )
  }
}

async function readFiles(tls: ClientTls): Promise<Contents> {
  const contents: Contents = {}
  for (const part of PARTS) {
    const path = tls[FILES[part]]
    if (path === undefined) continue
    try {
      contents[part] = await readPolicyFile(path)
    } catch (cause) {
      throw localFault(`cannot read ${FILES[part]} of trafficPolicy.tls at ${path}: ${reasonOf(cause)}`, cause)
    }
  }
  return contents
}

function connectorWith(made: OriginatedTls, options: ConnectorOptions): Connector {
  // A resumed session would show the server the certificate of the one before, and leave its own name unchecked.
  return buildConnector({ ...options, ...made, maxCachedSessions: 0 } as ConnectorOptions)
}

function settingsOf(tls: ClientTls, contents: Contents): OriginatedTls {
  return {
    secureContext: contextOf(tls, contents),
    rejectUnauthorized: tls.insecureSkipVerify !== true,
    ...(tls.subjectAltNames === undefined ? {} : { checkServerIdentity: namesOneOf(tls.subjectAltNames) }),
  }
}

function contextOf(tls: ClientTls, contents: Contents): SecureContext {
  try {
    // OpenSSL passes over authorities that it cannot read.
    if (contents.ca !== undefined) new X509Certificate(contents.ca)
    return createSecureContext(contents)
  } catch (cause) {
    const files = PARTS.filter((part) => contents[part] !== undefined).map((part) => tls[FILES[part]])
    throw localFault(`trafficPolicy.tls cannot use what is in ${files.join(', ')}: ${reasonOf(cause)}`, cause)
  }
}

/** The certificate has to name one of these instead of the host that was called. */
function namesOneOf(allowed: readonly string[]): (host: string, certificate: PeerCertificate) => Error | undefined {
  return (_host, certificate) => {
    const listed = listedNames(certificate)
    const named = allowed.some((name) => listed.has(name) || checkServerIdentity(name, certificate) === undefined)
    if (named) return undefined
    const error = new Error(
      `the certificate names ${[...listed].join(', ') || 'nobody'}, none of the subjectAltNames ${allowed.join(', ')}`,
    )
    return Object.assign(error, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  }
}

/** Subject alternative names of every kind, without it: Node's own check knows hosts and addresses only. */
function listedNames({ subjectaltname }: PeerCertificate): ReadonlySet<string> {
  return new Set((alternativeNames(subjectaltname) ?? []).map(({ value }) => value))
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
