import type { CircuitBreakerSpec } from '../spec/circuit-breaker.ts'
import type { DestinationRuleSpec } from '../spec/destination-rule.ts'
import type { MeshConfigSpec } from '../spec/mesh-config.ts'
import type { ServiceSpec } from '../spec/service.ts'
import type { VirtualServiceSpec } from '../spec/virtual-service.ts'
import { checkCircuitBreaker } from './circuit-breaker.ts'
import type { Context } from './context.ts'
import { checkDestinationRule } from './destination-rule.ts'
import { checkMeshConfig } from './mesh-config.ts'
import { checkService } from './service.ts'
import { checkVirtualService } from './virtual-service.ts'

type SpecCheck = (spec: Readonly<Record<string, unknown>>, context: Context) => void

/** By kind. The schema has passed, so that a spec has its kind's type. */
const CHECKS: Readonly<Record<string, SpecCheck>> = {
  Service: (spec, context) => checkService(spec as ServiceSpec, context),
  VirtualService: (spec, context) => checkVirtualService(spec as VirtualServiceSpec, context),
  DestinationRule: (spec, context) => checkDestinationRule(spec as unknown as DestinationRuleSpec, context),
  MeshConfig: (spec, context) => checkMeshConfig(spec as MeshConfigSpec, context),
  CircuitBreaker: (spec, context) => checkCircuitBreaker(spec as unknown as CircuitBreakerSpec, context),
}

export function checkSemantics(kind: string, spec: Readonly<Record<string, unknown>>, context: Context): void {
  CHECKS[kind]?.(spec, context)
}
