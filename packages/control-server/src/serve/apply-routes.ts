import type { FastifyInstance } from 'fastify'
import type { ParsedDocument } from '../config/parse.ts'
import type { PushService } from '../push/types.ts'
import { nameOf } from '../registry/resource-address.ts'
import type { Resources } from '../registry/resources.ts'
import type { Commit } from '../registry/write-outcome.ts'
import { manyDocuments } from './documents.ts'
import { type Query, readDryRun, readFlag, readNamespace, readWait } from './query.ts'
import { toApiError } from './refusals.ts'
import { waitForClients } from './waiting.ts'
import type { WriterOf } from './writer-of.ts'

export interface ApplyResult {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly action: string
}

export interface ApplyParts {
  readonly resources: Resources
  readonly push: PushService
  readonly writerOf: WriterOf
}

/** `POST /v1/apply`: a set of resources, all or nothing. */
export function applyRoutes(app: FastifyInstance, { resources, push, writerOf }: ApplyParts): void {
  app.post<{ Querystring: Query }>('/v1/apply', async (request) => {
    const { query } = request
    const dryRun = readDryRun(query)
    const waitMs = readWait(query)
    const { kept, skipped } = withoutUnknown(manyDocuments(request), readFlag(query, 'skipUnknown'))
    const by = writerOf(request)
    const result = await resources.write(kept, { mode: 'replace', dryRun, ...readNamespace(query), by })
    if (!result.ok) throw toApiError(result.error, 'Nothing is stored: the set', { kind: 'resources' })
    const { revision, written, warnings } = result.value
    const answer = { revision, results: written.map(toResult), warnings: [...skipped, ...warnings] }
    if (waitMs === undefined || dryRun) return answer
    return { ...answer, ...(await waitForClients(push, result.value, waitMs)) }
  })
}

/** Leaves out resources of kinds that are not taken, where that is asked for, and says which. */
function withoutUnknown(
  documents: readonly ParsedDocument[],
  skipUnknown: boolean,
): { readonly kept: readonly ParsedDocument[]; readonly skipped: readonly string[] } {
  if (!skipUnknown) return { kept: documents, skipped: [] }
  const skipped = documents.filter(isOfAnotherKind).map((document) => {
    const place = document.where === '' ? '' : ` (${document.where})`
    return `${nameOf(document.value)}${place} is skipped: ${document.value.apiVersion} has no such kind here`
  })
  return { kept: documents.filter((document) => !isOfAnotherKind(document)), skipped }
}

/** Not one that is malformed, which is an error all the same. */
function isOfAnotherKind({ kind, value }: ParsedDocument): boolean {
  return kind === undefined && typeof value.apiVersion === 'string' && typeof value.kind === 'string'
}

function toResult({ action, resource: { apiVersion, kind, metadata } }: Commit['written'][number]): ApplyResult {
  return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name, action }
}
