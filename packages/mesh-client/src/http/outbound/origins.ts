import { isIP } from 'node:net'
import type { PolicySource, PolicyView } from '../../routing/policy-view.ts'
import type { VirtualHostTable } from '../../routing/route-table.ts'

/**
 * What is known of where an origin leads:
 * - `outside`: not of the mesh;
 * - `blocked`: not of the mesh, and nothing else may be called;
 * - `undecided`: no host index has come yet;
 * - `following`: of the mesh, its routes have not come yet;
 * - `absent`: the server says that the host is no more;
 * - `unserved`: the host does not serve the port;
 * - `served`: it has routes.
 */
export type OriginKind = 'outside' | 'blocked' | 'undecided' | 'following' | 'absent' | 'unserved' | 'served'

/** An origin (`http://reviews:9080`) looked up in one view of the policy. Immutable. */
export interface OriginTarget {
  readonly kind: OriginKind
  readonly origin: string
  readonly scheme: 'http' | 'https'
  readonly port: number
  /** As it was written. */
  readonly hostname: string
  /** Host, with the port where it is not the scheme's own. */
  readonly authority: string
  /** What TLS asks for where nothing else says so; `undefined` for an address. RFC 6066 section 3. */
  readonly serverName: string | undefined
  /** Fully qualified; the name as it was written where that is not known. */
  readonly host: string
  /** There when `served`. */
  readonly table: VirtualHostTable | undefined
}

/** Origins of hosts outside the mesh can be many; the table starts anew at this size. */
const MAX_ORIGINS = 2_048

/** Looks origins up, each once a view. */
export class Origins {
  readonly #policy: PolicySource
  #view: PolicyView
  #targets = new Map<string, OriginTarget>()

  constructor(policy: PolicySource) {
    this.#policy = policy
    this.#view = policy.current
  }

  /**
   * @param origin scheme, host and port, as `URL.origin` writes them
   * @throws TypeError when it is not a URL
   */
  resolve(origin: string): OriginTarget {
    const view = this.#policy.current
    if (view !== this.#view) {
      this.#view = view
      this.#targets = new Map()
    }
    const known = this.#targets.get(origin)
    if (known !== undefined) return known
    if (this.#targets.size >= MAX_ORIGINS) this.#targets = new Map()
    const target = lookUp(origin, view)
    // Said again with every view, because the first time may have been before the stream was open.
    if (ofMesh(target.kind)) this.#policy.follow(target.host)
    this.#targets.set(origin, target)
    return target
  }
}

const ofMesh = (kind: OriginKind): boolean => kind !== 'outside' && kind !== 'blocked' && kind !== 'undecided'

/** What Istio's redirection of traffic leaves alone too, so that it works under `REGISTRY_ONLY`. */
const LOOPBACK = /^(?:127(?:\.\d+){3}|\[::1\]|localhost|.+\.localhost)\.?$/

function isAddress(hostname: string): boolean {
  return hostname.startsWith('[') || isIP(hostname) !== 0
}

function lookUp(origin: string, view: PolicyView): OriginTarget {
  const url = new URL(origin)
  const secure = url.protocol === 'https:'
  const facts = {
    origin,
    scheme: secure ? ('https' as const) : ('http' as const),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    hostname: url.hostname,
    authority: url.host,
    serverName: isAddress(url.hostname) ? undefined : url.hostname,
    host: url.hostname,
    table: undefined,
  }
  if (!secure && url.protocol !== 'http:') return { ...facts, kind: 'outside' }
  if (view.hosts === undefined) return { ...facts, kind: 'undecided' }
  const host = view.hosts.resolve(url.hostname)
  if (host === undefined) {
    const blocked = view.hosts.registryOnly && !LOOPBACK.test(url.hostname)
    return { ...facts, kind: blocked ? 'blocked' : 'outside' }
  }
  const routes = view.routes.get(host)
  if (routes === undefined) return { ...facts, host, kind: 'following' }
  if (routes === 'absent') return { ...facts, host, kind: 'absent' }
  const table = routes.forPort(facts.port)
  return table === undefined ? { ...facts, host, kind: 'unserved' } : { ...facts, host, kind: 'served', table }
}
