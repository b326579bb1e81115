// The page itself, for people (`/productpage`), and for programs that accept JSON there or call `/api/v1/products`.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createMesh } from '@weft/mesh-client'
import { startTelemetry } from '../telemetry.ts'
import { json, LISTEN, notFound, onTerminate, SERVICE_PORT } from './http.ts'
import { type Details, type Page, type Product, type Reviews, renderPage } from './page.ts'

const telemetry = await startTelemetry('productpage')
const mesh = createMesh({
  service: 'productpage',
  servicePort: SERVICE_PORT,
  // Policies route by these. They follow the calls below by themselves.
  propagate: ['user-agent', 'end-user'],
  dependencies: ['details', 'reviews'],
})

const PRODUCTS: readonly Product[] = [
  { id: 0, title: 'The Comedy of Errors', description: 'Twins meet their brothers’ wives, creditors and beatings.' },
]

// Written into the code, and reviews are asked for twice, as in Istio's Bookinfo: faults are to bring such things to light.
const TIME_LIMIT_MS = 3_000
const REVIEWS_TRIES = 2

/** A part of the page; the rest is shown without one that cannot be had. */
async function part<T>(url: string, tries = 1): Promise<T | { error: string }> {
  const result = await tryPart<T>(url)
  return 'error' in result && tries > 1 ? part(url, tries - 1) : (result as T)
}

async function tryPart<T>(url: string): Promise<(T & object) | { error: string }> {
  try {
    const response = await mesh.fetch(url, { signal: AbortSignal.timeout(TIME_LIMIT_MS) })
    if (response.ok) return (await response.json()) as T & object
    return { error: `${response.status} ${(await response.text()).trim()}` }
  } catch (error) {
    const { message, cause } = error as Error
    return { error: cause instanceof Error ? cause.message : message }
  }
}

const detailsOf = (id: number): ReturnType<typeof part<Details>> => part<Details>(`http://details:9080/details/${id}`)
const reviewsOf = (id: number): ReturnType<typeof part<Reviews>> =>
  part<Reviews>(`http://reviews:9080/reviews/${id}`, REVIEWS_TRIES)

async function pageOf(product: Product): Promise<Page> {
  const [details, reviews] = await Promise.all([detailsOf(product.id), reviewsOf(product.id)])
  return { product, details, reviews }
}

async function answerApi(path: string, response: ServerResponse): Promise<void> {
  const [, id, collection] = /^\/api\/v1\/products(?:\/(\d+)(?:\/(reviews|details))?)?$/.exec(path) ?? []
  if (path === '/api/v1/products') return json(response, PRODUCTS)
  const product = id === undefined ? undefined : PRODUCTS[Number(id)]
  if (product === undefined) return notFound(response, path)
  if (collection === 'reviews') return json(response, await reviewsOf(product.id))
  if (collection === 'details') return json(response, await detailsOf(product.id))
  json(response, product)
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] as string
  if (path === '/health') return json(response, { status: 'productpage is healthy' })
  if (path.startsWith('/api/')) return answerApi(path, response)
  if (path !== '/' && path !== '/productpage') return notFound(response, path)
  const page = await pageOf(PRODUCTS[0] as Product)
  if (request.headers.accept?.includes('application/json')) return json(response, page)
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
  response.end(renderPage(page))
}

const server = await mesh.serve(answer, LISTEN)
console.log(`listening on ${server.url}`)
onTerminate(() => mesh.close(), telemetry.stop)
