import { item } from '../../config/field-path.ts'
import type { AuthorizationPolicySpec, AuthorizationRule } from '../../config/spec/authorization-policy.ts'
import type { Finding } from '../finding.ts'
import type { MeshView } from '../mesh-view.ts'
import { isForWorkloads, selectedWorkloads } from '../selected-workloads.ts'

const REQUEST_FIELDS = /^(?:not)?(?:requestPrincipals|hosts|methods|paths)$/i
const REQUEST_KEYS = /^request\./

/** WEFT0503: rules about requests, for workloads that have ports without any. */
export function* requestsOnTcpPorts({ ofKind, workloads }: MeshView): Generator<Finding> {
  for (const subject of ofKind<AuthorizationPolicySpec>('AuthorizationPolicy')) {
    const { action = 'ALLOW', rules = [] } = subject.resource.spec
    if ((action !== 'ALLOW' && action !== 'DENY') || !isForWorkloads(subject)) continue
    const selected = selectedWorkloads(subject, workloads ?? [])
    const tcp = new Set(selected.flatMap(({ ports }) => ports.filter(isTcp).map(({ port }) => port)))
    if (tcp.size === 0) continue
    const does = action === 'ALLOW' ? 'does not allow' : 'denies'
    for (const [index, rule] of rules.entries()) {
      const ports = [...tcp].filter((port) => mayMean(rule, port))
      if (!isAboutRequests(rule) || ports.length === 0) continue
      const message = `is about requests, and ${does} connections to ${ports.map((port) => `port ${port}`).join(', ')}, which have none`
      yield { code: 'WEFT0503', subject, field: item('spec.rules', index), message }
    }
  }
}

const isTcp = ({ protocol }: { readonly protocol: string }): boolean => protocol === 'tcp'

function isAboutRequests({ from = [], to = [], when = [] }: AuthorizationRule): boolean {
  const fields = [...from.map(({ source = {} }) => source), ...to.map(({ operation = {} }) => operation)]
  return (
    fields.some((each) => Object.keys(each).some((name) => REQUEST_FIELDS.test(name))) ||
    when.some(({ key }) => REQUEST_KEYS.test(key))
  )
}

/** Whether the rule leaves a port in question; one that names others does not. */
function mayMean({ to = [] }: AuthorizationRule, port: number): boolean {
  if (to.length === 0) return true
  return to.some(({ operation: { ports = [], notPorts = [] } = {} }) => {
    const named = ports.length === 0 || ports.some((each) => Number(each) === port)
    return named && !notPorts.some((each) => Number(each) === port)
  })
}
