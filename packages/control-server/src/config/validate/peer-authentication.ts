import { ROOT_NAMESPACE } from '@weft/mesh-protocol'
import { entry } from '../field-path.ts'
import type { PeerAuthenticationSpec } from '../spec/peer-authentication.ts'
import type { Context } from './context.ts'
import { checkWorkloadSelector } from './labels.ts'

const MAX_PORT = 65_535

/** What the schema of a PeerAuthentication cannot tell (Istio `ValidatePeerAuthentication`). */
export function checkPeerAuthentication(spec: PeerAuthenticationSpec, { report, namespace }: Context): void {
  const { selector, portLevelMtls } = spec
  const selects = Object.keys(selector?.matchLabels ?? {}).length > 0
  checkWorkloadSelector(selector, 'spec.selector', report)
  if (selects && namespace === ROOT_NAMESPACE) {
    report.warning(
      'spec.selector',
      `has no effect in ${ROOT_NAMESPACE}, nor has the resource: put it where the workloads are`,
    )
  }
  if (portLevelMtls === undefined) return
  const ports = Object.keys(portLevelMtls)
  if (ports.length === 0) report.violation('spec.portLevelMtls', 'must have at least one port, or be left out')
  else if (!selects) report.violation('spec.portLevelMtls', 'needs a selector with labels: ports are of workloads')
  for (const port of ports) {
    if (/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= MAX_PORT) continue
    report.violation(entry('spec.portLevelMtls', port), `must be a port from 1 to ${MAX_PORT}`)
  }
}
