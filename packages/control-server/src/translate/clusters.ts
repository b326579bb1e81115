import { type Cluster, DEFAULT_LB_POLICY, type LbPolicy, parseClusterName } from '@weft/mesh-protocol'
import type { LoadBalancerSettings, SimpleLb, Subset } from '../config/spec/destination-rule.ts'
import type { MeshService, ServicePort } from '../registry/model.ts'
import { clientTls } from './client-tls.ts'
import { connectionPool } from './connection-pool.ts'
import type { TranslateContext, Unversioned } from './context.ts'
import { discovery } from './discovery.ts'
import type { AssignmentKey } from './endpoints.ts'
import { errorRateBreaker } from './error-rate-breaker.ts'
import { outlierDetection } from './outlier-detection.ts'
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
  const { model, policies, client } = context
  const parts = parseClusterName(name)
  const service = parts === undefined ? undefined : model.services.get(parts.host)
  const port = service?.ports.find(({ number }) => number === parts?.port)
  if (parts === undefined || service === undefined || port === undefined) return undefined
  const rule = policies.destinationRules.find(service, client)
  const subset = rule?.subsets.find((candidate) => candidate.name === parts.subset)
  if (parts.subset !== '' && subset === undefined) return undefined
  const policy = effectivePolicy(rule?.trafficPolicy, subset?.trafficPolicy, port.number)
  const breaker = policies.circuitBreakers.find(service, parts.subset, client.namespace)
  const { protocol, ...connections } = connectionPool(port, policy.connectionPool, model.mesh)
  const tls = clientTls(policy.tls, undefined)
  return {
    cluster: {
      type: 'Cluster',
      name,
      service: { host: service.host, name: service.name, namespace: service.namespace },
      subset: parts.subset,
      ...(subset === undefined ? {} : { subsetLabels: subset.labels ?? {} }),
      port: port.number,
      protocol,
      edsServiceName: name,
      ...discovery(service, port, policy.loadBalancer, model.mesh),
      lbPolicy: lbPolicy(policy.loadBalancer),
      ...connections,
      ...(tls === undefined ? {} : { tls }),
      ...(policy.outlierDetection === undefined ? {} : { outlierDetection: outlierDetection(policy.outlierDetection) }),
      ...(breaker === undefined ? {} : { errorRateBreaker: errorRateBreaker(breaker, port.number, model) }),
    },
    assignment: assignmentKey(name, service, port, subset),
  }
}

function assignmentKey(name: string, { host, entry }: MeshService, port: ServicePort, subset?: Subset): AssignmentKey {
  const labels = subset?.labels ?? {}
  return { name, host, port: port.number, labels, ...(entry === undefined ? {} : { entry }) }
}

/** What Istio's simple policies mean; the two that Weft has no picker for fall back to the default. */
const LB_POLICIES: Readonly<Record<SimpleLb, LbPolicy>> = {
  UNSPECIFIED: DEFAULT_LB_POLICY,
  LEAST_CONN: 'LEAST_REQUEST',
  LEAST_REQUEST: 'LEAST_REQUEST',
  ROUND_ROBIN: 'ROUND_ROBIN',
  RANDOM: 'RANDOM',
  PASSTHROUGH: DEFAULT_LB_POLICY,
}

function lbPolicy(settings: LoadBalancerSettings | undefined): LbPolicy {
  return settings?.simple === undefined ? DEFAULT_LB_POLICY : LB_POLICIES[settings.simple]
}
