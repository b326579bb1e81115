import { HostSet } from '../../config/host-set.ts'
import type { Finding } from '../finding.ts'
import { hostsClaimed, seenTogether } from '../hosts-claimed.ts'
import { type MeshView, subjectName } from '../mesh-view.ts'

/** WEFT0303: a host that a wildcard of another VirtualService covers. */
export function* overlappingHosts(view: MeshView): Generator<Finding> {
  const claims = hostsClaimed(view)
  const wildcards = claims.filter(({ host }) => host.startsWith('*'))
  const known = new HostSet(wildcards.map(({ host }) => host))
  for (const claim of claims) {
    for (const index of known.wildcardsOver(claim.host)) {
      const wider = wildcards[index]
      if (wider === undefined || wider.host === claim.host || wider.subject === claim.subject) continue
      if (!seenTogether(wider.visible, claim.visible)) continue
      const message = `goes before ${wider.host} of ${subjectName(wider.subject)}, none of whose routes hold for ${claim.host}`
      yield { code: 'WEFT0303', subject: claim.subject, field: claim.field, message }
    }
  }
}
