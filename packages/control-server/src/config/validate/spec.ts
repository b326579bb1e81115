import type { AuthorizationPolicySpec } from '../spec/authorization-policy.ts'
import type { BackendTrafficPolicySpec } from '../spec/backend-traffic-policy.ts'
import type { CircuitBreakerSpec } from '../spec/circuit-breaker.ts'
import type { DestinationRuleSpec } from '../spec/destination-rule.ts'
import type { FaultInjectionSpec } from '../spec/fault-injection.ts'
import type { GrpcRouteSpec } from '../spec/gateway/grpc-route.ts'
import type { HttpRouteSpec } from '../spec/gateway/http-route.ts'
import type { TcpRouteSpec, TlsRouteSpec } from '../spec/gateway/l4-routes.ts'
import type { LoadBalancerSpec } from '../spec/load-balancer.ts'
import type { MeshConfigSpec } from '../spec/mesh-config.ts'
import type { PeerAuthenticationSpec } from '../spec/peer-authentication.ts'
import type { RequestAuthenticationSpec } from '../spec/request-authentication.ts'
import type { ServiceSpec } from '../spec/service.ts'
import type { ServiceEntrySpec } from '../spec/service-entry.ts'
import type { SidecarSpec } from '../spec/sidecar.ts'
import type { VirtualServiceSpec } from '../spec/virtual-service.ts'
import type { WorkloadEntrySpec } from '../spec/workload-entry.ts'
import type { WorkloadGroupSpec } from '../spec/workload-group.ts'
import { checkAuthorizationPolicy } from './authorization-policy.ts'
import { checkBackendTrafficPolicy } from './backend-traffic-policy.ts'
import { checkBalancing } from './balancing.ts'
import { checkCircuitBreaker } from './circuit-breaker.ts'
import type { Context } from './context.ts'
import { checkDestinationRule } from './destination-rule.ts'
import { checkFaultInjection } from './fault-injection.ts'
import { checkGrpcRouteSpec } from './gateway/grpc-route.ts'
import { checkHttpRouteSpec } from './gateway/http-route.ts'
import { checkTcpRoute, checkTlsRoute } from './gateway/l4-routes.ts'
import { checkMeshConfig } from './mesh-config.ts'
import { checkPeerAuthentication } from './peer-authentication.ts'
import { checkRequestAuthentication } from './request-authentication.ts'
import { checkService } from './service.ts'
import { checkServiceEntry } from './service-entry.ts'
import { checkSidecar } from './sidecar.ts'
import { checkVirtualService } from './virtual-service.ts'
import { checkWorkloadEntry } from './workload-entry.ts'
import { checkWorkloadGroup } from './workload-group.ts'

type SpecCheck = (spec: Readonly<Record<string, unknown>>, context: Context) => void

/** By kind. The schema has passed, so that a spec has its kind's type. */
const CHECKS: Readonly<Record<string, SpecCheck>> = {
  Service: (spec, context) => checkService(spec as ServiceSpec, context),
  VirtualService: (spec, context) => checkVirtualService(spec as VirtualServiceSpec, context),
  DestinationRule: (spec, context) => checkDestinationRule(spec as unknown as DestinationRuleSpec, context),
  ServiceEntry: (spec, context) => checkServiceEntry(spec as unknown as ServiceEntrySpec, context),
  WorkloadEntry: (spec, context) => checkWorkloadEntry(spec as WorkloadEntrySpec, context),
  WorkloadGroup: (spec, context) => checkWorkloadGroup(spec as unknown as WorkloadGroupSpec, context),
  Sidecar: (spec, context) => checkSidecar(spec as SidecarSpec, context),
  PeerAuthentication: (spec, context) => checkPeerAuthentication(spec as PeerAuthenticationSpec, context),
  RequestAuthentication: (spec, context) => checkRequestAuthentication(spec as RequestAuthenticationSpec, context),
  AuthorizationPolicy: (spec, context) => checkAuthorizationPolicy(spec as AuthorizationPolicySpec, context),
  HTTPRoute: (spec, context) => checkHttpRouteSpec(spec as HttpRouteSpec, context),
  GRPCRoute: (spec, context) => checkGrpcRouteSpec(spec as GrpcRouteSpec, context),
  TCPRoute: (spec, context) => checkTcpRoute(spec as unknown as TcpRouteSpec, context.report),
  TLSRoute: (spec, context) => checkTlsRoute(spec as unknown as TlsRouteSpec, context.report),
  XBackendTrafficPolicy: (spec, context) =>
    checkBackendTrafficPolicy(spec as unknown as BackendTrafficPolicySpec, context),
  MeshConfig: (spec, context) => checkMeshConfig(spec as MeshConfigSpec, context),
  LoadBalancer: (spec, context) => checkBalancing(spec as unknown as LoadBalancerSpec, context),
  FaultInjection: (spec, context) => checkFaultInjection(spec as unknown as FaultInjectionSpec, context),
  CircuitBreaker: (spec, context) => checkCircuitBreaker(spec as unknown as CircuitBreakerSpec, context),
}

export function checkSemantics(kind: string, spec: Readonly<Record<string, unknown>>, context: Context): void {
  CHECKS[kind]?.(spec, context)
}
