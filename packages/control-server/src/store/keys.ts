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
