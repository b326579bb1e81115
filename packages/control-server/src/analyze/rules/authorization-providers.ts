import type { AuthorizationPolicySpec } from '../../config/spec/authorization-policy.ts'
import type { MeshConfigSpec } from '../../config/spec/mesh-config.ts'
import type { Severity } from '../codes.ts'
import type { Finding, Subject } from '../finding.ts'
import { groupBy } from '../group-by.ts'
import { type MeshView, subjectName } from '../mesh-view.ts'

/** WEFT0509, WEFT0510: CUSTOM policies that have nobody to ask, or too many. */
export function* authorizationProviders({ ofKind, isWhole }: MeshView): Generator<Finding> {
  const configs = ofKind<MeshConfigSpec>('MeshConfig')
  const known = new Set(
    configs.flatMap(({ resource }) =>
      (resource.spec.extensionProviders ?? [])
        .filter(({ envoyExtAuthzHttp, envoyExtAuthzGrpc }) => envoyExtAuthzHttp ?? envoyExtAuthzGrpc)
        .map(({ name }) => name),
    ),
  )
  const asking = ofKind<AuthorizationPolicySpec>('AuthorizationPolicy').filter(
    ({ resource }) => resource.spec.action === 'CUSTOM',
  )
  const severity: { readonly severity?: Severity } = isWhole || configs.length > 0 ? {} : { severity: 'info' }
  const others = onePerProvider(asking)
  for (const subject of asking) {
    const { spec, metadata } = subject.resource
    const name = spec.provider?.name ?? ''
    if (!known.has(name)) {
      const message = `the MeshConfig has no external authorization ${JSON.stringify(name)}: what matches is denied`
      yield { code: 'WEFT0509', subject, field: 'spec.provider.name', message, ...severity }
    }
    const other = others.get(metadata.namespace)?.find((each) => each.resource.spec.provider?.name !== name)
    if (other === undefined) continue
    const message = `${subjectName(other)} asks another: what both are for is denied, as a workload asks one provider`
    yield { code: 'WEFT0510', subject, field: 'spec.provider.name', message }
  }
}

type Asking = Subject<AuthorizationPolicySpec>

/** By namespace, the first policy that asks each provider. */
function onePerProvider(asking: readonly Asking[]): ReadonlyMap<string, readonly Asking[]> {
  const nameOf = ({ resource }: Asking): string =>
    JSON.stringify([resource.metadata.namespace, resource.spec.provider?.name])
  const first = new Map(asking.toReversed().map((subject) => [nameOf(subject), subject]))
  return groupBy(first.values(), ({ resource }) => resource.metadata.namespace)
}
