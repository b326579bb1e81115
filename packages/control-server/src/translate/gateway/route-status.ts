import { serviceHost } from '@weft/mesh-protocol'
import type { ConfigResource } from '../../config/resource.ts'
import type { HttpRouteSpec } from '../../config/spec/gateway/http-route.ts'
import {
  attachesToPort,
  type BackendObjectReference,
  type CommonRouteSpec,
  isServiceBackend,
  isServiceParent,
  type ParentReference,
  ROUTE_KINDS,
  referencedHost,
} from '../../config/spec/gateway/references.ts'
import type { Model, ServicePort } from '../../registry/model.ts'
import { attachedRoutes } from './attached-routes.ts'
import type { GatewayRouteIndex } from './route-index.ts'

/** Gateway API `RouteParentStatus.controllerName`. */
export const CONTROLLER_NAME = 'mesh.weft.dev/control-server'

interface Condition {
  readonly type: 'Accepted' | 'ResolvedRefs'
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  readonly observedGeneration: number
  /** When it began is not kept: it is worked out anew for each reader, so this is when the route was made. */
  readonly lastTransitionTime: string
}

/** Gateway API `RouteStatus`: one entry for each Service that the route attaches to. */
export interface RouteStatus {
  readonly parents: readonly {
    readonly parentRef: ParentReference
    readonly controllerName: string
    readonly conditions: readonly Condition[]
  }[]
}

/** What becomes of a route in this model; `undefined` for other kinds, and for a route that attaches to no Service. */
export function routeStatus(
  resource: ConfigResource,
  model: Pick<Model, 'domain' | 'services'>,
  index: GatewayRouteIndex,
): RouteStatus | undefined {
  if (!ROUTE_KINDS.some((kind) => kind === resource.kind)) return undefined
  const parents = ((resource.spec as CommonRouteSpec).parentRefs ?? []).filter(isServiceParent)
  if (parents.length === 0) return undefined
  const { generation = 1, creationTimestamp = '' } = resource.metadata
  const condition = (type: Condition['type'], [ok, reason, message]: Verdict): Condition => ({
    type,
    status: ok ? 'True' : 'False',
    reason,
    message,
    observedGeneration: generation,
    lastTransitionTime: creationTimestamp,
  })
  const resolved = condition('ResolvedRefs', judgeBackends(resource, model))
  return {
    parents: parents.map((parentRef) => ({
      parentRef,
      controllerName: CONTROLLER_NAME,
      conditions: [condition('Accepted', judgeParent(resource, parentRef, model, index)), resolved],
    })),
  }
}

/** Whether it is as it should be, the reason in a word, and for people. */
type Verdict = readonly [ok: boolean, reason: string, message: string]

function judgeParent(
  { kind, metadata }: ConfigResource,
  parent: ParentReference,
  { domain, services }: Pick<Model, 'domain' | 'services'>,
  index: GatewayRouteIndex,
): Verdict {
  const host = referencedHost(parent, metadata.namespace, domain)
  const service = services.get(host)
  if (service === undefined) return [false, 'NoMatchingParent', `there is no service ${host}`]
  const ports = service.ports.filter((port) => attachesToPort(parent, port))
  if (ports.length === 0) return [false, 'NoMatchingParent', `${host} has no such port`]
  const ruling = (port: ServicePort): string | undefined =>
    attachedRoutes(index.find(host), service, port, metadata.namespace)?.kind
  const rules = ports.map(ruling)
  if (rules.includes(kind)) return [true, 'Accepted', `the route rules ${host}`]
  const other = rules.find((each) => each !== undefined)
  return other === undefined
    ? [false, 'UnsupportedProtocol', `a port of ${host} that carries no HTTP has no use for ${kind}s`]
    : [false, 'Conflicted', `${other}s rule the same port, and go before ${kind}s`]
}

function judgeBackends(
  { kind, metadata, spec }: ConfigResource,
  { domain, services }: Pick<Model, 'domain' | 'services'>,
): Verdict {
  for (const backend of backendsOf(spec as HttpRouteSpec)) {
    const { name, namespace = metadata.namespace, port } = backend
    if (!isServiceBackend(backend)) return [false, 'InvalidKind', `${backend.kind ?? ''} ${name} is no Service`]
    const host = serviceHost(name, namespace, domain)
    if (services.get(host)?.ports.some(({ number }) => number === port) !== true) {
      return [false, 'BackendNotFound', `there is no service ${host} with the port ${port}`]
    }
  }
  return [true, 'ResolvedRefs', `every backend of the ${kind} is there`]
}

/** Those of rules and of mirrors; routes of connections have the first alone. */
function* backendsOf({ rules = [] }: HttpRouteSpec): Generator<BackendObjectReference> {
  for (const { filters = [], backendRefs = [] } of rules) {
    yield* backendRefs
    for (const { requestMirror } of [...filters, ...backendRefs.flatMap((backend) => backend.filters ?? [])]) {
      if (requestMirror !== undefined) yield requestMirror.backendRef
    }
  }
}
