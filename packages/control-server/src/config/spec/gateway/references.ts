import { serviceHost } from '@weft/mesh-protocol'
import type { PortProtocol } from '../../port-protocol.ts'

/** What a route attaches to. Without group and kind: a Gateway. */
export interface ParentReference {
  readonly group?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name: string
  /** Name of a Service's port. */
  readonly sectionName?: string
  readonly port?: number
}

/** Where something is sent to. Without group and kind: a Service of the core group. */
export interface BackendObjectReference {
  readonly group?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name: string
  /** Always there for a Service. */
  readonly port?: number
}

export interface BackendReference extends BackendObjectReference {
  /** Relative, 0 to 1,000,000. Default 1. */
  readonly weight?: number
}

/** What every kind of route has. */
export interface CommonRouteSpec {
  readonly parentRefs?: readonly ParentReference[]
  readonly useDefaultGateways?: 'All' | 'None'
}

/** Gateway API `SessionPersistence`. */
export interface SessionPersistence {
  readonly type?: 'Cookie' | 'Header'
  readonly absoluteTimeout?: string
  readonly cookie?: {
    readonly name?: string
    readonly path?: string
    readonly lifetimeType?: 'Permanent' | 'Session'
  }
  readonly header?: { readonly name: string }
}

export const GATEWAY_GROUP = 'gateway.networking.k8s.io'

/** Whether it attaches to a Service: the mesh's part of Gateway API (GEP-1426). */
export function isServiceParent({ group = GATEWAY_GROUP, kind = 'Gateway' }: ParentReference): boolean {
  return group === '' && kind === 'Service'
}

export function isServiceBackend({ group = '', kind = 'Service' }: BackendObjectReference): boolean {
  return group === '' && kind === 'Service'
}

/** The host of a Service that is referred to from a namespace. */
export function referencedHost(
  { name, namespace }: Pick<ParentReference, 'name' | 'namespace'>,
  own: string,
  domain: string,
): string {
  return serviceHost(name, namespace ?? own, domain)
}

/** Whether a reference to a Service means this port of it: its `port`, its name by `sectionName`, or without either all. */
export function attachesToPort(
  { port, sectionName }: Pick<ParentReference, 'port' | 'sectionName'>,
  { number, name }: { readonly number: number; readonly name: string },
): boolean {
  return (port === undefined || port === number) && (sectionName === undefined || sectionName === name)
}

/** What attaches to Services. Of several kinds on one port only the first here that is there applies (Gateway API, mesh). */
export const ROUTE_KINDS = ['GRPCRoute', 'HTTPRoute', 'TLSRoute', 'TCPRoute'] as const

export type RouteKind = (typeof ROUTE_KINDS)[number]

/** Whether a kind has a say on a port: requests are not looked into where another protocol is spoken. */
export function canRule(kind: RouteKind, { protocol }: { readonly protocol: PortProtocol }): boolean {
  return (kind !== 'HTTPRoute' && kind !== 'GRPCRoute') || protocol !== 'tcp'
}
