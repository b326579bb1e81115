import type { ConfigResource } from '../config/resource.ts'
import { sameJson } from '../kernel/json-value.ts'

export type WriteAction = 'created' | 'configured' | 'unchanged'

export interface NextResource {
  readonly action: WriteAction
  readonly resource: ConfigResource
}

/**
 * What is stored of a resource that somebody gives, in view of what is there: uid and creation stay, the generation counts
 * changes of the spec. Whatever the giver says of these is passed over.
 */
export function nextResource(
  before: ConfigResource | undefined,
  given: ConfigResource,
  made: { readonly uid: () => string; readonly timestamp: string },
): NextResource {
  const wanted = wantedMetadata(given)
  if (before === undefined) {
    const metadata = { ...wanted, uid: made.uid(), creationTimestamp: made.timestamp, generation: 1 }
    return { action: 'created', resource: { ...given, metadata } }
  }
  const sameSpec = sameJson(before.spec, given.spec)
  if (sameSpec && sameJson(wantedMetadata(before), wanted)) return { action: 'unchanged', resource: before }
  const { uid, creationTimestamp, generation = 1 } = before.metadata
  const own = {
    ...(uid === undefined ? {} : { uid }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    generation: sameSpec ? generation : generation + 1,
  }
  return { action: 'configured', resource: { ...given, metadata: { ...wanted, ...own } } }
}

/** Without what the server sets. */
function wantedMetadata({ metadata }: ConfigResource): ConfigResource['metadata'] {
  const {
    resourceVersion: _version,
    uid: _uid,
    creationTimestamp: _created,
    generation: _generation,
    ...wanted
  } = metadata
  return wanted
}
