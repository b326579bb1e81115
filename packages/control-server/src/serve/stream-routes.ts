import { type Node, validateClientMessage, validateNode } from '@weft/mesh-protocol'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { MakeId } from '../kernel/identifier.ts'
import type { Push } from '../push/push.ts'
import { jsonObject } from './bodies.ts'
import { callerOf } from './caller-of.ts'
import { ApiError, refusal } from './status.ts'
import type { StreamOwners } from './stream-owners.ts'
import { responseSink, startEventStream } from './stream-sink.ts'
import type { WorkloadGuard } from './workload-guard.ts'

const STREAM_PATH = '/v1/stream'

export interface StreamParts {
  readonly push: Push
  readonly makeId: MakeId
  readonly guard: WorkloadGuard
  readonly owners: StreamOwners
}

/** `GET /v1/stream` and `POST /v1/streams/{id}`: see docs/protocol.md. Ends every stream when the application closes. */
export function streamRoutes(app: FastifyInstance, { push, makeId, guard, owners }: StreamParts): void {
  // A HEAD would hold a stream open that nothing can be sent on.
  app.get<{ Querystring: { node?: unknown } }>(STREAM_PATH, { exposeHeadRoute: false }, async (request, reply) => {
    const node = nodeOf(request.query.node)
    await guard.openStream(request, node)
    reply.hijack()
    const response = reply.raw
    const id = makeId()
    const body = startEventStream(response)
    const stream = push.openStream({ id, node, sink: responseSink(response, body), url: messageUrl(request, id) })
    const closed = (): void => {
      owners.remove(id)
      stream.closed()
    }
    owners.add(id, callerOf(request), node.id, () => response.destroy())
    dropQuery(request)
    body.on('drain', () => stream.drained())
    response.on('close', closed)
    if (response.destroyed) closed()
  })

  app.post<{ Params: { id: string } }>('/v1/streams/:id', (request, reply) => {
    const message = validateClientMessage(jsonObject(request))
    if (!message.ok) throw refusal(400, 'The message is refused', message.error)
    const opener = owners.openerOf(request.params.id)
    if (opener !== undefined) guard.sendMessage(request, opener)
    if (!push.handleMessage(request.params.id, message.value)) {
      throw new ApiError(404, `There is no stream ${request.params.id} (any more): open one with GET /v1/stream.`)
    }
    return reply.code(204).send()
  })

  app.addHook('preClose', (done) => {
    push.close()
    done()
  })
}

/** The request lives as long as its stream, and nobody reads again what it was asked with. */
function dropQuery(request: FastifyRequest): void {
  request.query = {}
  request.raw.url = STREAM_PATH
}

function nodeOf(query: unknown): Node {
  if (typeof query !== 'string') {
    throw refusal(400, 'No stream without a node', [
      { field: 'node', message: 'must be given once in the query: URL-encoded JSON that says who opens the stream' },
    ])
  }
  const node = validateNode(parseJson(query))
  if (node.ok) return node.value
  const causes = node.error.map(({ field, message }) => ({ field: field === '' ? 'node' : `node.${field}`, message }))
  throw refusal(400, 'The node is refused', causes)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Absolute, by the name that the client has reached the server under. */
function messageUrl(request: FastifyRequest, id: string): string {
  return `${request.protocol}://${request.host}/v1/streams/${id}`
}
