import type { ClusterRuntime } from '../../cluster/types.ts'
import type { Refusal } from './local-reply.ts'
import type { OriginTarget } from './origins.ts'

/*
 * What a caller reads when the mesh refuses a call: who refused, why, and what to do. Each is a pure function.
 */

export function noHost(target: OriginTarget): Refusal {
  return {
    code: 'WEFT_NO_ROUTE',
    flags: ['NR'],
    text:
      `weft: no service ${target.host}: the control server says that it does not exist. ` +
      'Check the name and its namespace, or register the service.',
  }
}

export function notInRegistry(target: OriginTarget): Refusal {
  return {
    code: 'WEFT_NOT_IN_REGISTRY',
    flags: [],
    text:
      `weft: ${target.hostname} is no host that this workload may call: the outboundTrafficPolicy is REGISTRY_ONLY. ` +
      'Add a ServiceEntry for it, export it to this namespace, or name it in the egress of the Sidecar.',
  }
}

export function noPort(target: OriginTarget): Refusal {
  return {
    code: 'WEFT_NO_ROUTE',
    flags: ['NR'],
    text:
      `weft: ${target.host} does not serve port ${target.port}. ` +
      "Call one of the service's ports, or add the port to the service.",
  }
}

export function noRoute(target: OriginTarget, method: string, path: string): Refusal {
  return {
    code: 'WEFT_NO_ROUTE',
    flags: ['NR'],
    text:
      `weft: no route of ${target.host} matches ${method} ${path}. ` +
      'Add a route without conditions as the last one of its VirtualService.',
  }
}

export function noPolicy(target: OriginTarget, waitedMs: number): Refusal {
  return {
    code: 'WEFT_NO_HEALTHY_UPSTREAM',
    flags: ['UH'],
    text:
      `weft: ${target.host} belongs to the mesh, but its routes have not come within ${waitedMs} ms. ` +
      'Check that the control server can be reached.',
  }
}

/** @param status of the answer, where the route says which */
export function noCluster(target: OriginTarget, route: string, cluster: string, status?: number): Refusal {
  return {
    code: 'WEFT_NO_CLUSTER',
    flags: ['NC'],
    ...(status === undefined ? {} : { status }),
    text:
      `weft: route ${route} of ${target.host} leads to ${cluster}, which nobody knows. ` +
      'Check the host and the subset that its destination names.',
  }
}

export function noEndpoint(cluster: ClusterRuntime): Refusal {
  const count = cluster.endpointCount
  const why = count === 0 ? 'it has no endpoints' : `none of its ${count} endpoints can be used`
  return {
    code: 'WEFT_NO_HEALTHY_UPSTREAM',
    flags: ['UH'],
    text: `weft: no healthy upstream in ${cluster.name}: ${why}. Check that its workloads run and are registered.`,
  }
}

export function overflow(cluster: ClusterRuntime, what: string): Refusal {
  return {
    code: 'WEFT_UPSTREAM_OVERFLOW',
    flags: ['UO'],
    text:
      `weft: ${cluster.name} has reached its limit of ${what}. ` +
      'Send less at once, or raise connectionPool in its DestinationRule.',
  }
}

export function circuitOpen(cluster: ClusterRuntime): Refusal {
  return {
    code: 'WEFT_CIRCUIT_OPEN',
    flags: ['UO'],
    text:
      `weft: the circuit breaker of ${cluster.name} is open: too many of its requests have failed. ` +
      'It lets one request try again after its openDuration.',
  }
}

/** @param limit what has run out, in words */
export function timedOut(cluster: ClusterRuntime, limit: string): Refusal {
  return {
    code: 'WEFT_DEADLINE_EXCEEDED',
    flags: ['UT'],
    text: `weft: ${cluster.name} has not answered within ${limit}. Raise the limit, or make the service faster.`,
  }
}

export function tooLate(cluster: ClusterRuntime): Refusal {
  return {
    code: 'WEFT_DEADLINE_EXCEEDED',
    flags: ['UT'],
    text:
      `weft: ${cluster.name} was not called: no time is left of the request that this call serves. ` +
      'Give that request more time, or call earlier.',
  }
}

/** The delay of an injected fault took all the time that the call had. */
export function delayedTooLong(target: OriginTarget): Refusal {
  return {
    code: 'WEFT_DEADLINE_EXCEEDED',
    flags: ['UT'],
    text:
      `weft: ${target.host} was not called: the delay that its route injects is longer than the time of the call. ` +
      'Shorten fixedDelay, or raise the timeout.',
  }
}
