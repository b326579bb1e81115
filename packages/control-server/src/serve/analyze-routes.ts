import type { FastifyInstance } from 'fastify'
import type { KnownWorkload } from '../analyze/known-workload.ts'
import type { KnownHosts } from '../config/references.ts'
import { type ConfigResource, KINDS } from '../config/resource.ts'
import type { Resources } from '../registry/resources.ts'
import { manyDocuments } from './documents.ts'
import { type Query, readNamespace } from './query.ts'

export interface AnalyzeDependencies {
  readonly domain: string
  readonly resources: Resources
  /** What the mesh would have with these resources stored. */
  readonly knownWith: (added: readonly ConfigResource[]) => KnownHosts
  readonly workloads: () => readonly KnownWorkload[]
}

/** `POST /v1/analyze`: judges a set of resources together with what is stored, and stores nothing. */
export function analyzeRoutes(
  app: FastifyInstance,
  { domain, resources, knownWith, workloads }: AnalyzeDependencies,
): void {
  app.post<{ Querystring: Query }>('/v1/analyze', async (request) => {
    const options = readNamespace(request.query)
    const documents = manyDocuments(request, { withLines: true })
    // Loaded when first asked for: most servers are never.
    const { analyze } = await import('../analyze/analyze.ts')
    const stored = await storedIn(resources)
    return analyze(documents, { ...options, domain, server: { stored, knownWith, workloads: workloads() } })
  })
}

async function storedIn(resources: Resources): Promise<readonly ConfigResource[]> {
  const lists = await Promise.all(KINDS.map((info) => resources.list(info)))
  return lists.flatMap((list) => list.resources)
}
