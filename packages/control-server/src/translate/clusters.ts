import { type CircuitBreakers, type Cluster, parseClusterName, type RetryBudget } from '@weft/mesh-protocol'
import type { Subset } from '../config/spec/destination-rule.ts'
import type { MeshService, ServicePort } from '../registry/model.ts'
import { connectionPool } from './connection-pool.ts'
import type { TranslateContext, Unversioned } from './context.ts'
import type { DestinationRule } from './destination-rules.ts'
import { discovery } from './discovery.ts'
import { endpointHealth } from './endpoint-health.ts'
import type { AssignmentKey } from './endpoints.ts'
import { errorRateBreaker } from './error-rate-breaker.ts'
import { balancing } from './load-balancer.ts'
import { clusterTls } from './mesh-tls.ts'
import { retryBudget } from './retry-budget.ts'
import { effectivePolicy } from './traffic-policy.ts'

/** A cluster with what its endpoints are made from. */
export interface TranslatedCluster {
  readonly cluster: Unversioned<Cluster>
  readonly assignment: AssignmentKey
}

/**
 * The cluster of this name as one client sees it; `undefined` where its host, its port or its subset does not exist, which
 * leaves the routes that name it without a destination until it does.
 */
export function translateCluster(context: TranslateContext, name: string): TranslatedCluster | undefined {
  const named = whatIsNamed(context, name)
  if (named === undefined) return undefined
  const { model, policies, client } = context
  const { service, port, rule, subset } = named
  const policy = effectivePolicy(rule?.trafficPolicy, subset?.trafficPolicy, port.number)
  const own = policies.loadBalancers.find(service, subset?.name ?? '', client.namespace)
  const health = endpointHealth({ policy, own, service, mesh: model.mesh, isSubset: subset !== undefined })
  const breaker = policies.circuitBreakers.find(service, subset?.name ?? '', client.namespace)
  const { protocol, ...connections } = connectionPool(port, policy.connectionPool, model.mesh)
  const clientAffinity = service.sessionAffinity === 'ClientIP'
  const destination = { service, port: port.number, subset: subset?.name ?? '' }
  return {
    cluster: {
      type: 'Cluster',
      name,
      service: { host: service.host, name: service.name, namespace: service.namespace },
      subset: subset?.name ?? '',
      ...(subset === undefined ? {} : { subsetLabels: subset.labels ?? {} }),
      port: port.number,
      protocol,
      edsServiceName: name,
      ...discovery(service, port, policy.loadBalancer, model.mesh),
      ...balancing({ settings: policy.loadBalancer, annotated: rule?.lbPolicy, own, clientAffinity }),
      ...connections,
      circuitBreakers: withRetryBudget(
        connections.circuitBreakers,
        policy.retryBudget === undefined ? policies.retryBudgets.find(service.host) : retryBudget(policy.retryBudget),
      ),
      ...clusterTls(policy.tls, destination, model.mesh),
      ...(service.nodeLocal === true ? { nodeLocal: true } : {}),
      ...health,
      ...(breaker === undefined ? {} : { errorRateBreaker: errorRateBreaker(breaker, port.number, model) }),
    },
    // To fall back, the client has to know the other endpoints too; it tells them apart by `subsetLabels`.
    assignment: assignmentKey(name, service, port, health.subsetFallback === undefined ? subset : undefined),
  }
}

interface Named {
  readonly service: MeshService
  readonly port: ServicePort
  readonly rule: DestinationRule | undefined
  /** `undefined`: the whole host. */
  readonly subset: Subset | undefined
}

function whatIsNamed({ model, policies, client }: TranslateContext, name: string): Named | undefined {
  const parts = parseClusterName(name)
  const service = parts && model.services.get(parts.host)
  const port = service?.ports.find(({ number }) => number === parts?.port)
  if (parts === undefined || service === undefined || port === undefined) return undefined
  const rule = policies.destinationRules.find(service, client)
  const subset = rule?.subsets.find((candidate) => candidate.name === parts.subset)
  return parts.subset !== '' && subset === undefined ? undefined : { service, port, rule, subset }
}

/** A budget of the client's DestinationRule goes before that of the service's XBackendTrafficPolicy. */
function withRetryBudget(limits: CircuitBreakers, budget: RetryBudget | undefined): CircuitBreakers {
  return budget === undefined ? limits : { ...limits, retryBudget: budget }
}

function assignmentKey(name: string, { host, entry }: MeshService, port: ServicePort, subset?: Subset): AssignmentKey {
  const labels = subset?.labels ?? {}
  return { name, host, port: port.number, labels, ...(entry === undefined ? {} : { entry }) }
}
