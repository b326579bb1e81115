/** How the store's keys are laid out; nothing else builds or takes apart a key. */

/** The kinds that are kept as resources. */
export interface ResourceId {
  /** Empty for the core group. */
  readonly group: string
  /** Lower-case plural, e.g. `virtualservices`. */
  readonly plural: string
  readonly namespace: string
  readonly name: string
}

export const RESOURCES = '/resources/'
export const WORKLOADS = '/workloads/'
export const KNOWN_SERVICES = '/known-services/'
export const CANARIES = '/canaries/'
export const CERTIFICATES = '/certificates/'
export const REVOCATIONS = '/revocations/'
export const TOKENS = '/tokens/'
export const TOKEN_USES = '/token-uses/'
export const ROLES = '/roles/'
export const AUDIT = '/audit/'

export function resourceKey({ group, plural, namespace, name }: ResourceId): string {
  return `${RESOURCES}${group === '' ? 'core' : group}/${plural}/${namespace}/${name}`
}

export function parseResourceKey(key: string): ResourceId | undefined {
  if (!key.startsWith(RESOURCES)) return undefined
  const [group, plural, namespace, name, ...rest] = key.slice(RESOURCES.length).split('/')
  if (group === undefined || plural === undefined || namespace === undefined || name === undefined || rest.length > 0) {
    return undefined
  }
  return { group: group === 'core' ? '' : group, plural, namespace, name }
}

export function workloadKey(id: string): string {
  return `${WORKLOADS}${id}`
}

/** A service that a registration has named; kept for `KNOWN_SERVICE_RETENTION_MS` after the last of them. */
export function knownServiceKey(namespace: string, name: string): string {
  return `${KNOWN_SERVICES}${namespace}/${name}`
}

/** What a service's split was before its canary began. */
export function canaryKey(namespace: string, service: string): string {
  return `${CANARIES}${namespace}/${service}`
}

/** A join or API token, by its id; its secret is kept as a hash only. */
export function tokenKey(id: string): string {
  return `${TOKENS}${id}`
}

/** A workload that has joined by a token. Without a workload id: of all of them the beginning. */
export function tokenUseKey(tokenId: string, workloadId = ''): string {
  return `${TOKEN_USES}${tokenId}/${workloadId}`
}

export function roleKey(name: string): string {
  return `${ROLES}${name}`
}

/** Entries of the audit log sort by their number. */
export function auditKey(sequence: number): string {
  return `${AUDIT}${String(sequence).padStart(16, '0')}`
}

/** What is remembered of a certificate until it ends; by its serial. */
export function certificateKey(serial: string): string {
  return `${CERTIFICATES}${serial}`
}

/** By `namespace/service-account` or by serial. */
export function revocationKey(kind: 'identity' | 'serial', of: string): string {
  return `${REVOCATIONS}${kind}/${of}`
}
