import { UNLIMITED } from '../defaults.ts'
import { fail, ok, type Result, type Violation } from '../result.ts'
import type { ResourceUpdate } from '../wire/resource.ts'
import type { ResourceType } from '../wire/resource-header.ts'
import { cluster } from './cluster.ts'
import { inboundPolicy } from './inbound.ts'
import { virtualHost } from './route.ts'
import { count, port } from './scalars.ts'
import {
  type Check,
  type Fields,
  integer,
  isRecord,
  list,
  nonEmptyText,
  oneOf,
  optional,
  record,
  text,
  textMap,
  Violations,
} from './shape.ts'

const header = (type: ResourceType): Fields => ({ type: oneOf(type), name: nonEmptyText, version: nonEmptyText })

const endpoint = record({
  id: nonEmptyText,
  address: nonEmptyText,
  port,
  weight: integer(1, UNLIMITED),
  healthStatus: oneOf('HEALTHY', 'UNHEALTHY', 'DRAINING'),
  locality: record({ region: text, zone: text, subZone: text }),
  labels: textMap,
  workload: record({ name: text, namespace: text, serviceAccount: text }),
  tlsMode: optional(oneOf('istio')),
})

const CHECKS: Readonly<Record<ResourceType, Check>> = {
  HostIndex: record({
    ...header('HostIndex'),
    domain: nonEmptyText,
    hosts: list(nonEmptyText),
    outboundTrafficPolicy: optional(oneOf('ALLOW_ANY', 'REGISTRY_ONLY')),
    base: optional(nonEmptyText),
    removed: optional(list(nonEmptyText)),
  }),
  TrustBundle: record({
    ...header('TrustBundle'),
    trustDomain: nonEmptyText,
    trustDomainAliases: optional(list(nonEmptyText)),
    certificates: list(nonEmptyText, { min: 1 }),
  }),
  InboundPolicy: record({ ...header('InboundPolicy'), ...inboundPolicy }, { closed: true }),
  Cluster: record({ ...header('Cluster'), ...cluster }),
  ClusterLoadAssignment: record({
    ...header('ClusterLoadAssignment'),
    endpoints: list(endpoint),
    base: optional(nonEmptyText),
    removed: optional(list(nonEmptyText)),
    page: optional(record({ index: count, count: integer(1, UNLIMITED) })),
  }),
  RouteConfiguration: record({ ...header('RouteConfiguration'), virtualHosts: list(virtualHost) }),
}

/**
 * Whether a resource that came over the wire has the shape of its type. Reports every violation; does not compile
 * regexes, which only the side that runs them can. A field that is not known is let through, except in an inbound policy.
 */
export function validateResource(value: unknown): Result<ResourceUpdate, readonly Violation[]> {
  const type = isRecord(value) ? value.type : undefined
  if (typeof type !== 'string' || !Object.hasOwn(CHECKS, type)) {
    return fail([{ field: 'type', message: `must be one of ${Object.keys(CHECKS).join(', ')}` }])
  }
  const out = new Violations()
  CHECKS[type as ResourceType](value, '', out)
  return out.list.length === 0 ? ok(value as ResourceUpdate) : fail(out.list)
}
