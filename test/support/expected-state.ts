import { type Endpoint, type Node, type ResourceKey, resourceKey, routedClusters } from '@weft/mesh-protocol'
import { inboundSubject } from '../../packages/control-server/src/push/inbound-policies.ts'
import type { Model } from '../../packages/control-server/src/registry/model.ts'
import { scopeOf } from '../../packages/control-server/src/translate/client-scope.ts'
import { translateCluster } from '../../packages/control-server/src/translate/clusters.ts'
import { contextFor, type TranslateContext } from '../../packages/control-server/src/translate/context.ts'
import { assignedInstances, translateEndpoint } from '../../packages/control-server/src/translate/endpoints.ts'
import { outboundTrafficPolicy, visibleHosts } from '../../packages/control-server/src/translate/hosts.ts'
import { translateInbound } from '../../packages/control-server/src/translate/inbound.ts'
import { indexPolicies } from '../../packages/control-server/src/translate/policy-index.ts'
import { translateRoutes } from '../../packages/control-server/src/translate/routes.ts'
import type { HeldHosts } from './simulated-client.ts'

/** What a client has to hold in the end, translated afresh from the model: the dumb alternative to all the sharing. */
export function expectedState(model: Model, node: Node, hosts: Iterable<string>): Map<ResourceKey, unknown> {
  const policies = indexPolicies(model)
  const context = contextFor(model, policies, scopeOf(node, policies.clientLabelKeys))
  const state = new Map<ResourceKey, unknown>([
    ['HostIndex/hosts', hostIndex(context)],
    [
      'InboundPolicy/inbound',
      translateInbound({ model, policies }, inboundSubject(node, model.workloads.get(node.id))),
    ],
  ])
  for (const host of hosts) {
    const routes = translateRoutes(context, host)
    if (routes === undefined) continue
    state.set(resourceKey('RouteConfiguration', host), routes)
    const names = new Set(routedClusters(routes))
    for (const name of names) {
      const translated = translateCluster(context, name)
      if (translated === undefined) continue
      state.set(resourceKey('Cluster', name), translated.cluster)
      const endpoints = assignedInstances(model, translated.assignment).map((instance) =>
        translateEndpoint(instance, policies.peerAuthentications.isPlaintext(instance)),
      )
      state.set(resourceKey('ClusterLoadAssignment', name), byId(endpoints))
      const fallback = translated.cluster.errorRateBreaker?.fallback
      if (fallback !== undefined && 'cluster' in fallback) names.add(fallback.cluster)
    }
  }
  return state
}

function hostIndex(context: TranslateContext): HeldHosts {
  const mode = outboundTrafficPolicy(context)
  return {
    hosts: new Set(visibleHosts(context)),
    outboundTrafficPolicy: mode === 'REGISTRY_ONLY' ? mode : undefined,
  }
}

function byId(endpoints: readonly Endpoint[]): Map<string, Endpoint> {
  return new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]))
}
