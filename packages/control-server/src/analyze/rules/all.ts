import type { Rule } from '../mesh-view.ts'
import { authorizationProviders } from './authorization-providers.ts'
import { closedSidecars } from './closed-sidecars.ts'
import { conflictingDestinationRules } from './conflicting-destination-rules.ts'
import { conflictingHosts } from './conflicting-hosts.ts'
import { conflictingServices } from './conflicting-services.ts'
import { coveredMatches } from './covered-matches.ts'
import { danglingReferences } from './dangling-references.ts'
import { delegates } from './delegates.ts'
import { denyingEverything } from './denying-everything.ts'
import { faults } from './faults.ts'
import { grpc } from './grpc.ts'
import { hashPolicies } from './hash-policies.ts'
import { outlierDetection } from './outlier-detection.ts'
import { overlappingHosts } from './overlapping-hosts.ts'
import { peerAuthentications } from './peer-authentications.ts'
import { requestsOnTcpPorts } from './requests-on-tcp-ports.ts'
import { routesAndVirtualServices } from './routes-and-virtual-services.ts'
import { routesOnOnePort } from './routes-on-one-port.ts'
import { sidecarEgress } from './sidecar-egress.ts'
import { timeouts } from './timeouts.ts'
import { tokensNobodyDemands } from './tokens-nobody-demands.ts'
import { unknownNamespaces } from './unknown-namespaces.ts'
import { unknownPorts } from './unknown-ports.ts'
import { unmatchedSelectors } from './unmatched-selectors.ts'
import { weights } from './weights.ts'
import { zeroLimits } from './zero-limits.ts'

/** Every rule that looks at resources together or deeper than validation does. */
export const RULES: readonly Rule[] = [
  danglingReferences,
  unknownPorts,
  delegates,
  coveredMatches,
  conflictingHosts,
  overlappingHosts,
  routesAndVirtualServices,
  routesOnOnePort,
  conflictingDestinationRules,
  conflictingServices,
  weights,
  faults,
  outlierDetection,
  zeroLimits,
  sidecarEgress,
  closedSidecars,
  timeouts,
  hashPolicies,
  denyingEverything,
  requestsOnTcpPorts,
  unmatchedSelectors,
  peerAuthentications,
  tokensNobodyDemands,
  authorizationProviders,
  unknownNamespaces,
  grpc,
]
