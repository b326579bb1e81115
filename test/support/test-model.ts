import type { WorkloadRegistration } from '@weft/mesh-protocol'
import { type ConfigResource, kindOf } from '../../packages/control-server/src/config/resource.ts'
import { type KnownService, mergePorts } from '../../packages/control-server/src/registry/known-service.ts'
import type { Model, ModelChange } from '../../packages/control-server/src/registry/model.ts'
import { ModelBuilder } from '../../packages/control-server/src/registry/model-builder.ts'
import { knownServiceKey, resourceKey, workloadKey } from '../../packages/control-server/src/store/keys.ts'
import type { Change, Entry } from '../../packages/control-server/src/store/store.ts'

/** A model that is changed by hand: each step is one commit, as the store would make it. */
export interface TestModel {
  readonly current: Model
  subscribe(listener: (change: ModelChange) => void): () => void
  /** Puts resources in one commit. */
  put(...resources: readonly TestResource[]): number
  remove(...resources: readonly TestResource[]): number
  /** Registers workloads by id and, as the server does, remembers their services. */
  register(registrations: Readonly<Record<string, Partial<WorkloadRegistration>>>): number
  unregister(...ids: readonly string[]): number
}

export type TestResource = Pick<ConfigResource, 'apiVersion' | 'kind' | 'spec'> & {
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

export function testModel(): TestModel {
  const builder = new ModelBuilder('cluster.local', 0, [])
  const entries = new Map<string, Entry>()
  const listeners = new Set<(change: ModelChange) => void>()
  let revision = 0
  const commit = (values: ReadonlyMap<string, string | undefined>): number => {
    const modRevision = ++revision
    const changes = [...values].map(([key, value]): Change => {
      const previous = entries.get(key)
      const createRevision = previous?.createRevision ?? modRevision
      const entry = value === undefined ? undefined : { key, value, createRevision, modRevision, leaseId: undefined }
      if (entry === undefined) entries.delete(key)
      else entries.set(key, entry)
      return { key, entry, previous }
    })
    const change = builder.apply({ revision: modRevision, changes })
    for (const listener of listeners) listener(change)
    return modRevision
  }
  return {
    get current() {
      return builder.model
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    put: (...resources) =>
      commit(new Map(resources.map((resource) => [keyOf(resource), JSON.stringify(named(resource))]))),
    remove: (...resources) => commit(new Map(resources.map((resource) => [keyOf(resource), undefined]))),
    register(registrations) {
      const values = new Map<string, string>()
      for (const [id, part] of Object.entries(registrations)) {
        const registered = registration(part)
        const known = knownServiceKey(registered.namespace, registered.service)
        const stored = values.get(known) ?? entries.get(known)?.value
        const before = stored === undefined ? [] : (JSON.parse(stored) as KnownService).ports
        values.set(known, JSON.stringify({ ports: mergePorts(before, registered.ports), seenAtMs: 0 }))
        values.set(workloadKey(id), JSON.stringify(registered))
      }
      return commit(values)
    },
    unregister: (...ids) => commit(new Map(ids.map((id) => [workloadKey(id), undefined]))),
  }
}

function named(resource: TestResource): ConfigResource {
  return { ...resource, metadata: { ...resource.metadata, namespace: resource.metadata.namespace ?? 'default' } }
}

function keyOf({ apiVersion, kind, metadata: { name, namespace = 'default' } }: TestResource): string {
  const info = kindOf(apiVersion, kind)
  if (info === undefined) throw new Error(`no kind ${kind} in ${apiVersion}`)
  return resourceKey({ group: info.group, plural: info.plural, namespace, name })
}

/** A registration as a client sends it, with what is not said filled in. */
export function registration(part: Partial<WorkloadRegistration> = {}): WorkloadRegistration {
  const { service = 'reviews', labels = {} } = part
  return {
    service,
    namespace: 'default',
    address: '127.0.0.1',
    ports: [{ name: 'http', servicePort: 80, port: 80, listenPort: 40_000, protocol: 'http' }],
    serviceAccount: 'default',
    locality: '',
    weight: 1,
    ...part,
    labels,
  }
}

const networking =
  (kind: string) =>
  (name: string, spec: Readonly<Record<string, unknown>>, namespace = 'default') =>
    ({ apiVersion: 'networking.istio.io/v1', kind, metadata: { name, namespace }, spec }) satisfies TestResource

export const virtualService = networking('VirtualService')
export const destinationRule = networking('DestinationRule')
export const serviceEntry = networking('ServiceEntry')
export const workloadEntry = networking('WorkloadEntry')
export const workloadGroup = networking('WorkloadGroup')
export const sidecar = networking('Sidecar')

const security =
  (kind: string) =>
  (name: string, spec: Readonly<Record<string, unknown>>, namespace = 'default') =>
    ({ apiVersion: 'security.istio.io/v1', kind, metadata: { name, namespace }, spec }) satisfies TestResource

export const peerAuthentication = security('PeerAuthentication')
export const requestAuthentication = security('RequestAuthentication')
export const authorizationPolicy = security('AuthorizationPolicy')

/** The one of the mesh. */
export function meshConfig(spec: Readonly<Record<string, unknown>>): TestResource {
  const metadata = { name: 'default', namespace: 'istio-system' }
  return { apiVersion: 'mesh.weft.dev/v1', kind: 'MeshConfig', metadata, spec }
}

export function circuitBreaker(
  name: string,
  spec: Readonly<Record<string, unknown>>,
  namespace = 'default',
): TestResource {
  return { apiVersion: 'mesh.weft.dev/v1', kind: 'CircuitBreaker', metadata: { name, namespace }, spec }
}

export function loadBalancer(
  name: string,
  spec: Readonly<Record<string, unknown>>,
  namespace = 'default',
): TestResource {
  return { apiVersion: 'mesh.weft.dev/v1', kind: 'LoadBalancer', metadata: { name, namespace }, spec }
}

export function faultInjection(
  name: string,
  spec: Readonly<Record<string, unknown>>,
  namespace = 'default',
): TestResource {
  return { apiVersion: 'mesh.weft.dev/v1', kind: 'FaultInjection', metadata: { name, namespace }, spec }
}

export function service(name: string, spec: Readonly<Record<string, unknown>>, namespace = 'default'): TestResource {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec }
}
