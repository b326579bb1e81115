import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { ConfigResource, KindInfo } from '../config/resource.ts'
import type { PushService } from '../push/types.ts'
import { apiVersionOf, fitToUrl, type ResourceAddress, type UrlAddress } from '../registry/resource-address.ts'
import type { Resources } from '../registry/resources.ts'
import type { Commit, WriteMode } from '../registry/write-outcome.ts'
import { deleteOptions } from './delete-options.ts'
import { oneDocument } from './documents.ts'
import { KIND_BASES, type KindParams, kindAt, type VersionedKind } from './kind-paths.ts'
import { type Query, readDryRun, readWait, refuseUnsupported } from './query.ts'
import { detailsOf, toApiError } from './refusals.ts'
import type { StatusOf } from './route-statuses.ts'
import type { ApiError, Status } from './status.ts'
import { waitForClients } from './waiting.ts'
import { warn } from './warnings.ts'
import type { WriterOf } from './writer-of.ts'

interface Params extends KindParams {
  readonly namespace: string
  readonly name: string
}

interface Route {
  readonly Params: Params
  readonly Querystring: Query
}

type Request = FastifyRequest<Route>

/** What the query says of a write; read before anything is written. */
interface Options {
  readonly dryRun: boolean
  readonly waitMs: number | undefined
}

function readOptions(query: Query): Options {
  const dryRun = readDryRun(query)
  const waitMs = readWait(query)
  return { dryRun, waitMs: dryRun ? undefined : waitMs }
}

interface Parts {
  readonly resources: Resources
  readonly writerOf: WriterOf
  readonly push: PushService
  readonly statusOf: StatusOf
}

type Verb = (kind: KindHandlers, request: Request, reply: FastifyReply) => Promise<object>

/** The Kubernetes paths and verbs of every kind, in each of its versions. */
export function resourceRoutes(app: FastifyInstance, parts: Parts): void {
  const on = (method: HTTPMethods, url: string, verb: Verb): void => {
    const handler = async (request: Request, reply: FastifyReply): Promise<object> => {
      const kind = kindAt(request.params)
      if (kind !== undefined) return verb(new KindHandlers(kind, parts), request, reply)
      reply.callNotFound()
      return reply
    }
    app.route<Route>({ method, url, handler })
  }
  for (const base of KIND_BASES) {
    const collection = `${base}/namespaces/:namespace/:plural`
    const item = `${collection}/:name`
    on('GET', `${base}/:plural`, (kind, request) => kind.list(request))
    on('GET', collection, (kind, request) => kind.list(request, request.params.namespace))
    on('POST', collection, (kind, request, reply) => kind.write(request, reply, 'create'))
    on('GET', item, (kind, request) => kind.read(request))
    on('PUT', item, (kind, request, reply) => kind.write(request, reply, 'replace'))
    on('PATCH', item, (kind, request, reply) => kind.patch(request, reply))
    on('DELETE', item, (kind, request) => kind.delete(request))
  }
}

/** What the verbs do to the resources of one kind. */
class KindHandlers {
  private readonly info: KindInfo
  private readonly version: string
  private readonly resources: Resources
  private readonly push: PushService
  private readonly statusOf: StatusOf
  private readonly writerOf: WriterOf

  constructor({ info, version }: VersionedKind, { resources, push, statusOf, writerOf }: Parts) {
    this.info = info
    this.version = version
    this.resources = resources
    this.push = push
    this.statusOf = statusOf
    this.writerOf = writerOf
  }

  async list({ query }: Request, namespace?: string): Promise<object> {
    refuseUnsupported(query)
    const { revision, resources } = await this.resources.list(this.info, namespace)
    return {
      kind: `${this.info.kind}List`,
      apiVersion: apiVersionOf(this.info, this.version),
      metadata: { resourceVersion: String(revision) },
      items: resources.map((resource) => this.present(resource)),
    }
  }

  async read({ params }: Request): Promise<object> {
    const resource = await this.resources.get(this.address(params))
    if (resource !== undefined) return this.present(resource)
    throw toApiError(
      { reason: 'NotFound', message: `${this.info.kind} ${params.namespace}/${params.name} does not exist.` },
      '',
      detailsOf(this.info, params.name),
    )
  }

  async write(request: Request, reply: FastifyReply, mode: WriteMode): Promise<object> {
    const { params } = request
    const options = readOptions(request.query)
    const { namespace, name } = params
    const url: UrlAddress = { info: this.info, namespace, ...(mode === 'create' ? {} : { name }) }
    const { value, violations } = fitToUrl(oneDocument(request), url)
    if (violations.length > 0) throw this.refuse(params, { reason: 'Invalid', violations })
    const by = this.writerOf(request)
    const result = await this.resources.write([{ value, where: '' }], { mode, dryRun: options.dryRun, by })
    if (!result.ok) throw this.refuse(params, result.error)
    return this.answer(reply, result.value, options)
  }

  async patch(request: Request, reply: FastifyReply): Promise<object> {
    const { params } = request
    const options = readOptions(request.query)
    const { dryRun } = options
    const by = this.writerOf(request)
    const result = await this.resources.patch(this.address(params), oneDocument(request), { dryRun, by })
    if (!result.ok) throw this.refuse(params, result.error)
    return this.answer(reply, result.value, options)
  }

  async delete(request: Request): Promise<object> {
    const { params } = request
    const { dryRun: isQueryDry, waitMs } = readOptions(request.query)
    const { dryRun: isBodyDry, ...preconditions } = deleteOptions(request)
    const dryRun = isQueryDry || isBodyDry
    const by = this.writerOf(request)
    const result = await this.resources.delete(this.address(params), { dryRun, ...preconditions, by })
    if (!result.ok) throw this.refuse(params, result.error)
    if (waitMs !== undefined && !dryRun) return waitForClients(this.push, result.value, waitMs)
    const uid = result.value.written[0]?.resource.metadata.uid
    const details = { ...detailsOf(this.info, params.name), ...(uid === undefined ? {} : { uid }) }
    const message = `${this.info.kind} ${params.namespace}/${params.name} is deleted.`
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      message,
      details,
      code: 200,
    } satisfies Status
  }

  private async answer(reply: FastifyReply, commit: Commit, { waitMs }: Options): Promise<object> {
    warn(reply, commit.warnings)
    if (waitMs !== undefined) return waitForClients(this.push, commit, waitMs)
    const [written] = commit.written
    if (written === undefined) throw new Error('a write of one resource wrote none')
    if (written.action === 'created') reply.code(201)
    return this.present(written.resource)
  }

  /** In the version that was asked for; all versions of a kind have one schema. */
  private present(resource: ConfigResource): ConfigResource & { readonly status?: object } {
    const status = this.statusOf(resource)
    const presented = { ...resource, apiVersion: apiVersionOf(this.info, this.version) }
    return status === undefined ? presented : { ...presented, status }
  }

  private address({ namespace, name }: Params): ResourceAddress {
    return { info: this.info, namespace, name }
  }

  private refuse({ namespace, name }: Params, refused: Parameters<typeof toApiError>[0]): ApiError {
    const what = `${this.info.kind} ${namespace}/${name ?? ''}`
    return toApiError(refused, what.replace(/\/$/, ''), detailsOf(this.info, name))
  }
}
