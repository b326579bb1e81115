import type { FastifyInstance } from 'fastify'
import type { KnownRoute } from './known-routes.ts'
import { operations } from './openapi-operations.ts'
import { type Json, ref, schemas } from './openapi-schemas.ts'
import type { Operation } from './operation.ts'

/** `GET /openapi.json`: exactly the routes that are served. */
export function openApiRoutes(app: FastifyInstance, routes: readonly KnownRoute[]): void {
  let description: object | undefined
  app.get('/openapi.json', async () => {
    description ??= describeApi(routes)
    return description
  })
}

/** Routes that nothing is said of are listed too, under their URL. */
export function describeApi(routes: readonly KnownRoute[]): object {
  const known = operations()
  const paths: Record<string, Record<string, Json>> = {}
  for (const { method, url } of routes) {
    if (method === 'HEAD') continue
    const path = url.replaceAll(/:(\w+)/g, '{$1}')
    const ofPath = paths[path] ?? {}
    paths[path] = { ...ofPath, [method.toLowerCase()]: describe(url, known[`${method} ${url}`] ?? { summary: url }) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Weft control server',
      version: 'v1',
      description: 'Resources under the paths and with the verbs of Kubernetes; policy is pushed to clients over SSE.',
    },
    paths,
    components: { schemas: schemas() },
  }
}

function describe(url: string, { summary, query = [], body, answer, code = 200 }: Operation): Json {
  const inPath = Array.from(url.matchAll(/:(\w+)/g), ([, name]) => parameter(name ?? '', 'path'))
  const parameters = [...inPath, ...query.map((name) => parameter(name, 'query'))]
  const content = answer === undefined ? {} : { content: { 'application/json': { schema: answer } } }
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: {
      [code]: { description: 'Done.', ...content },
      default: { description: 'Refused.', content: { 'application/json': { schema: ref('Status') } } },
    },
  }
}

function parameter(name: string, place: 'path' | 'query'): Json {
  return { name, in: place, required: place === 'path', schema: { type: 'string' } }
}
