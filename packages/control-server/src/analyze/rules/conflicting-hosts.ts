import type { Finding } from '../finding.ts'
import { groupBy } from '../group-by.ts'
import { type ClaimedHost, hostsClaimed, seenTogether } from '../hosts-claimed.ts'
import { type MeshView, subjectName } from '../mesh-view.ts'

/** WEFT0302: a host that several VirtualServices rule for the same clients. Each of them is told of one of the others. */
export function* conflictingHosts(view: MeshView): Generator<Finding> {
  for (const claims of groupBy(hostsClaimed(view), ({ host }) => host).values()) {
    for (const claim of claims) {
      const other = otherOf(claim, claims)
      if (other === undefined) continue
      const message = `${claim.host} is ruled by ${subjectName(other.subject)} as well`
      yield { code: 'WEFT0302', subject: claim.subject, field: claim.field, message }
    }
  }
}

/** More rulers of one host are not compared with each other: it takes the square of their number. */
const MAX_COMPARED = 100

function otherOf(claim: ClaimedHost, claims: readonly ClaimedHost[]): ClaimedHost | undefined {
  return claims
    .slice(0, MAX_COMPARED)
    .find((other) => other.subject !== claim.subject && seenTogether(other.visible, claim.visible))
}
