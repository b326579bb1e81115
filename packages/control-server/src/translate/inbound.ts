import {
  INBOUND_POLICY_NAME,
  type InboundPolicy,
  type InboundRoute,
  type InboundService,
  serviceHost,
} from '@weft/mesh-protocol'
import type { MeshService, Model, ServicePort } from '../registry/model.ts'
import { selects } from '../registry/workload-entry.ts'
import type { TranslateContext, Unversioned } from './context.ts'
import { corsRoutes } from './cors.ts'
import { gatewayCorsRoutes } from './gateway/inbound-cors.ts'
import { inboundFaults } from './inbound-faults.ts'
import { inboundSecurity } from './inbound-security.ts'
import { readinessProbe } from './readiness-probe.ts'

/** Everything that an inbound policy depends on besides the model. */
export interface InboundSubject {
  /** Empty for a client that serves nothing. */
  readonly service: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  /** What it registered, or, before that, what it says it will be called on. */
  readonly ports: readonly InboundSubjectPort[]
  /** The name of its WorkloadGroup, whether or not there is one; absent: none, or the client runs no probes. */
  readonly probedGroup?: string
  /** The client knows how to normalize paths. */
  readonly normalizesPaths?: true
}

export interface InboundSubjectPort {
  readonly name: string
  readonly servicePort: number
  readonly port: number
  readonly protocol: string
}

/** The services of each namespace that choose their workloads by labels. */
export type SelectingServices = ReadonlyMap<string, readonly MeshService[]>

export function selectingServices({ services }: Pick<Model, 'services'>): SelectingServices {
  const byNamespace = new Map<string, MeshService[]>()
  for (const service of services.values()) {
    if (service.selector === undefined) continue
    const known = byNamespace.get(service.namespace)
    if (known === undefined) byNamespace.set(service.namespace, [service])
    else known.push(service)
  }
  return byNamespace
}

/**
 * What the workload answers for, the service it registers under first, then every v1 Service that selects it; what is
 * done to the requests that it serves, how it finds out whether it may be called, and who may call it.
 *
 * @param selecting of the same model, where somebody has it already
 */
export function translateInbound(
  { model, policies }: Pick<TranslateContext, 'model' | 'policies'>,
  subject: InboundSubject,
  selecting: SelectingServices = selectingServices(model),
): Unversioned<InboundPolicy> {
  const own = subject.service === '' ? undefined : ownService(model, subject)
  const others = servicesSelecting(subject, selecting).filter(({ host }) => host !== own?.host)
  const services = own === undefined ? others : [own, ...others]
  const routes = services.flatMap((service) => inboundRoutes({ model, policies }, service))
  const faults = inboundFaults(model.faultInjections, subject)
  const probe = model.readinessProbes.get(`${subject.namespace}/${subject.probedGroup ?? ''}`)
  const readiness = probe === undefined ? undefined : readinessProbe(probe)
  return {
    type: 'InboundPolicy',
    name: INBOUND_POLICY_NAME,
    services,
    ...(routes.length === 0 ? {} : { routes }),
    ...(faults.length === 0 ? {} : { faults }),
    ...(readiness === undefined ? {} : { readinessProbe: readiness }),
    ...inboundSecurity({ model, policies }, subject, subject.normalizesPaths === true),
  }
}

/** By the HTTPRoutes of the service's namespace, and then by the VirtualService that rules the host for clients there. */
function inboundRoutes(
  { model, policies }: Pick<TranslateContext, 'model' | 'policies'>,
  service: InboundService,
): readonly InboundRoute[] {
  const ports = model.services.get(service.host)?.ports ?? []
  const ofGateway = gatewayCorsRoutes(policies.gatewayRoutes, service, ports)
  for (const virtualService of policies.virtualServices.find(service.host, service.namespace)) {
    if (virtualService.http.length > 0) return [...ofGateway, ...corsRoutes(virtualService)]
  }
  return ofGateway
}

/** By its v1 Service where there is one; else by what the workload itself registers. */
function ownService({ services, domain }: Model, subject: InboundSubject): InboundService {
  const host = serviceHost(subject.service, subject.namespace, domain)
  const known = services.get(host)
  if (known?.selector !== undefined) return inboundService(known, subject)
  const ports = subject.ports.map(({ servicePort, port, protocol }) => ({ servicePort, port, protocol }))
  return { host, name: subject.service, namespace: subject.namespace, ports }
}

function servicesSelecting(subject: InboundSubject, selecting: SelectingServices): InboundService[] {
  const candidates = selecting.get(subject.namespace) ?? []
  return candidates
    .filter(({ selector = {} }) => selects(selector, subject))
    .map((service) => inboundService(service, subject))
    .sort((a, b) => (a.host < b.host ? -1 : 1))
}

function inboundService(service: MeshService, subject: InboundSubject): InboundService {
  const { host, name, namespace } = service
  const ports = service.ports.flatMap((port) => {
    const behind = workloadPort(port, subject)
    return behind === undefined ? [] : [{ servicePort: port.number, port: behind, protocol: port.protocol }]
  })
  return { host, name, namespace, ports }
}

/** The workload's port behind a service's port, by name or by number. */
function workloadPort({ targetPort }: ServicePort, { ports }: InboundSubject): number | undefined {
  if (typeof targetPort === 'number') return targetPort
  return ports.find(({ name }) => name === targetPort)?.port
}
