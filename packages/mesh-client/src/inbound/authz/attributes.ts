import type { CidrRange, RbacCondition, ValueMatcher } from '@weft/mesh-protocol'
import type { AuthzRequest } from './authz-request.ts'
import { claimValues } from './claims.ts'
import type { IpAddress } from './ip-address.ts'

/** A text, or several, that a request has. */
export interface TextAttribute {
  /** Equal for equal attributes. */
  readonly key: string
  read(request: AuthzRequest): string | readonly string[] | undefined
}

/** An address that a request has. */
export interface AddressAttribute {
  readonly key: string
  read(request: AuthzRequest): IpAddress | undefined
}

export const PATH: TextAttribute = { key: 'path', read: ({ path }) => path }
export const PORT: TextAttribute = { key: 'port', read: ({ destinationPort }) => String(destinationPort) }
/** One part of a path, from 1 on. */
export function segmentOf(position: number): TextAttribute {
  return { key: `segment ${position}`, read: ({ path }) => segmentAt(path, position) }
}

/** The same as the path, to be asked for by how it ends. */
export const END_OF_PATH: TextAttribute = { key: 'end of path', read: ({ path }) => path }

/** All that stands where the namespace of an identity stands. */
export const NAMESPACE: TextAttribute = { key: 'namespace', read: ({ peerUri }) => partsAfter('/ns/', peerUri) }
/** All that stands where the service account of an identity stands. */
export const SERVICE_ACCOUNT: TextAttribute = {
  key: 'service account',
  read: ({ peerUri }) => partsAfter('/sa/', peerUri),
}
/** The same as the principal, to be asked for by how it ends. */
export const END_OF_PRINCIPAL: TextAttribute = { key: 'end of principal', read: ({ peerUri }) => peerUri }
export const PRINCIPAL: TextAttribute = { key: 'principal', read: ({ peerUri }) => peerUri }
const SNI: TextAttribute = { key: 'sni', read: ({ sni }) => sni }

const DIRECT: AddressAttribute = { key: 'directRemoteIp', read: ({ directRemoteIp }) => directRemoteIp }
const REMOTE: AddressAttribute = { key: 'remoteIp', read: ({ remoteIp }) => remoteIp }
const DESTINATION: AddressAttribute = { key: 'destinationIp', read: ({ destinationIp }) => destinationIp }

/** A condition on one text. */
export interface TextLeaf {
  readonly attribute: TextAttribute
  readonly value: ValueMatcher
  /** Where the matcher stands below the condition. */
  readonly field: string
}

export function textLeaf(condition: RbacCondition): TextLeaf | undefined {
  if ('urlPath' in condition) return { attribute: PATH, value: condition.urlPath, field: 'urlPath' }
  if ('authenticated' in condition) {
    return { attribute: PRINCIPAL, value: condition.authenticated, field: 'authenticated' }
  }
  if ('requestedServerName' in condition) {
    return { attribute: SNI, value: condition.requestedServerName, field: 'requestedServerName' }
  }
  if ('header' in condition) {
    const { name, value } = condition.header
    return { attribute: headerOf(name), value, field: 'header.value' }
  }
  if ('jwtClaim' in condition) {
    const { path, value } = condition.jwtClaim
    return { attribute: claimOf(path), value, field: 'jwtClaim.value' }
  }
  return undefined
}

function headerOf(name: string): TextAttribute {
  return { key: `header ${name}`, read: (request) => request.header(name) }
}

function claimOf(path: readonly string[]): TextAttribute {
  return { key: `claim ${JSON.stringify(path)}`, read: ({ token }) => claimValues(token, path) }
}

/** The same in lower case. */
export function ignoringCase(attribute: TextAttribute): TextAttribute {
  return {
    key: `${attribute.key} (any case)`,
    read(request) {
      const value = attribute.read(request)
      return typeof value === 'string' ? value.toLowerCase() : value?.map((item) => item.toLowerCase())
    },
  }
}

export interface AddressLeaf {
  readonly attribute: AddressAttribute
  readonly range: CidrRange
}

export function addressLeaf(condition: RbacCondition): AddressLeaf | undefined {
  if ('directRemoteIp' in condition) return { attribute: DIRECT, range: condition.directRemoteIp }
  if ('remoteIp' in condition) return { attribute: REMOTE, range: condition.remoteIp }
  if ('destinationIp' in condition) return { attribute: DESTINATION, range: condition.destinationIp }
  return undefined
}

function segmentAt(path: string | undefined, position: number): string | undefined {
  if (path === undefined) return undefined
  let start = 0
  for (let passed = 0; passed < position; passed++) {
    start = path.indexOf('/', start) + 1
    if (start === 0) return undefined
  }
  const end = path.indexOf('/', start)
  return end < 0 ? path.slice(start) : path.slice(start, end)
}

/** The parts of an identity's path that stand behind another. */
function partsAfter(before: string, uri: string | undefined): string | readonly string[] | undefined {
  if (uri === undefined) return undefined
  const found: string[] = []
  for (let at = uri.indexOf(before); at >= 0; at = uri.indexOf(before, at + 1)) {
    const start = at + before.length
    const end = uri.indexOf('/', start)
    found.push(end < 0 ? uri.slice(start) : uri.slice(start, end))
  }
  return found.length === 1 ? found[0] : found
}
