import { ROOT_NAMESPACE } from './defaults.ts'

/** An identity of the mesh, taken apart. SPIFFE-ID section 2; the path is Istio's (`pkg/spiffe/spiffe.go`). */
export interface SpiffeId {
  readonly trustDomain: string
  readonly namespace: string
  readonly serviceAccount: string
}

/**
 * Service account, in the root namespace, of the control server itself. No workload is given it, so that no certificate of
 * the mesh passes for the control server's.
 */
export const CONTROL_SERVER_SERVICE_ACCOUNT = 'weft-control-server'

/** Whether that is the control server, in whatever trust domain. */
export function isControlServer({ namespace, serviceAccount }: Omit<SpiffeId, 'trustDomain'>): boolean {
  return namespace === ROOT_NAMESPACE && serviceAccount === CONTROL_SERVER_SERVICE_ACCOUNT
}

const PREFIX = 'spiffe://'
const FORM = /^spiffe:\/\/([a-z0-9._-]+)\/ns\/([^/]+)\/sa\/([^/]+)$/

/** `spiffe://{trustDomain}/ns/{namespace}/sa/{serviceAccount}`. */
export function formatSpiffeId({ trustDomain, namespace, serviceAccount }: SpiffeId): string {
  return `${PREFIX}${trustDomain}/ns/${namespace}/sa/${serviceAccount}`
}

/** `undefined` for anything that is not exactly of that form. */
export function parseSpiffeId(uri: string): SpiffeId | undefined {
  const match = FORM.exec(uri)
  if (match === null) return undefined
  return { trustDomain: match[1] as string, namespace: match[2] as string, serviceAccount: match[3] as string }
}

/** The identity without its scheme, as policies and Istio's `source.principal` write it. */
export function principalOf(spiffeId: string): string {
  return spiffeId.startsWith(PREFIX) ? spiffeId.slice(PREFIX.length) : spiffeId
}
