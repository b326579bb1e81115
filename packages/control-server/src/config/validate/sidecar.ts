import type { OutboundTrafficPolicySpec, SidecarSpec } from '../spec/sidecar.ts'
import { checkConnectionPool } from './connection-pool.ts'
import type { Context } from './context.ts'
import { checkDestination } from './destinations.ts'
import { domainProblem } from './hosts.ts'
import { checkWorkloadSelector } from './labels.ts'
import type { Report } from './report.ts'
import { checkEgress } from './sidecar-egress.ts'
import { checkIngress } from './sidecar-ingress.ts'

/** What the schema of a Sidecar cannot tell (Istio `ValidateSidecar`). */
export function checkSidecar(spec: SidecarSpec, { report, namespace }: Context): void {
  const { ingress = [], egress = [], outboundTrafficPolicy, inboundConnectionPool } = spec
  checkWorkloadSelector(spec.workloadSelector, 'spec.workloadSelector', report)
  if (
    ingress.length + egress.length === 0 &&
    outboundTrafficPolicy === undefined &&
    inboundConnectionPool === undefined
  ) {
    report.violation('spec', 'needs one of egress, outboundTrafficPolicy, ingress, inboundConnectionPool')
  }
  checkIngress(ingress, report)
  checkConnectionPool(inboundConnectionPool, 'spec.inboundConnectionPool', report)
  checkEgress(egress, namespace, report)
  checkOutboundPolicy(outboundTrafficPolicy, 'spec.outboundTrafficPolicy', report)
}

function checkOutboundPolicy(policy: OutboundTrafficPolicySpec | undefined, field: string, report: Report): void {
  const proxy = policy?.egressProxy
  if (proxy === undefined) return
  if (policy?.mode !== 'ALLOW_ANY') {
    report.violation(`${field}.egressProxy`, 'is only for mode ALLOW_ANY; without a mode it is REGISTRY_ONLY')
    return
  }
  report.check(`${field}.egressProxy.host`, domainProblem(proxy.host))
  if (proxy.port === undefined) report.violation(`${field}.egressProxy.port`, 'is required')
  else checkDestination(proxy, `${field}.egressProxy`, report)
}
