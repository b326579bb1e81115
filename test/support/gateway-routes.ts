import type { TestResource } from './test-model.ts'

const API_VERSION = 'gateway.networking.k8s.io/v1'

/** A reference that attaches a route to a Service. */
export const serviceParent = (name: string, more: object = {}): object => ({
  group: '',
  kind: 'Service',
  name,
  ...more,
})

/** An HTTPRoute of a Service; `name` may be `namespace/name`. */
export function httpRoute(name: string, service: string, rules: readonly object[], parent: object = {}): TestResource {
  return {
    apiVersion: API_VERSION,
    kind: 'HTTPRoute',
    metadata: metadataOf(name),
    spec: { parentRefs: [serviceParent(service, parent)], rules },
  }
}

/** A GRPCRoute of a Service; `name` may be `namespace/name`. */
export function grpcRoute(name: string, service: string, rules: readonly object[], parent: object = {}): TestResource {
  return { ...httpRoute(name, service, rules, parent), kind: 'GRPCRoute' }
}

/** A TCPRoute, or with hostnames a TLSRoute. */
export function l4Route(
  name: string,
  service: string,
  backendRefs: readonly object[],
  hostnames?: readonly string[],
  parent: object = {},
): TestResource {
  const spec = { parentRefs: [serviceParent(service, parent)], rules: [{ backendRefs }] }
  if (hostnames === undefined) return { apiVersion: API_VERSION, kind: 'TCPRoute', metadata: metadataOf(name), spec }
  return { apiVersion: API_VERSION, kind: 'TLSRoute', metadata: metadataOf(name), spec: { ...spec, hostnames } }
}

function metadataOf(name: string): { name: string; namespace: string } {
  const [first = '', second] = name.split('/')
  return second === undefined ? { name: first, namespace: 'default' } : { name: second, namespace: first }
}

export const backend = (name: string, more: object = {}): object => ({ name, port: 80, ...more })

/** An XBackendTrafficPolicy with a retry budget for a Service of `default`. */
export function retryBudget(service: string, percent: number): TestResource {
  return {
    apiVersion: 'gateway.networking.x-k8s.io/v1alpha1',
    kind: 'XBackendTrafficPolicy',
    metadata: { name: service, namespace: 'default' },
    spec: { targetRefs: [{ group: '', kind: 'Service', name: service }], retryConstraint: { budget: { percent } } },
  }
}
