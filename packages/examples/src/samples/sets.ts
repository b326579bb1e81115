import path from 'node:path'

/** One process of the samples. */
export interface Sample {
  /** Service and what tells its processes apart: `reviews v2`. */
  readonly name: string
  /** Who it is where the control server wants to know; the service's name, unless it is said. */
  readonly serviceAccount?: string
  readonly file: string
  readonly args?: readonly string[]
  readonly version?: string
  readonly locality?: string
  /** What else its environment says. */
  readonly env?: Readonly<Record<string, string>>
  /** Variables that name its URL and its process to whoever goes through the page: `export NAME=…`. */
  readonly urlAs?: string
  readonly pidAs?: string
}

const file = (name: string): string => path.resolve(import.meta.dirname, '..', `${name}.ts`)

const bookinfo = (service: string, version = 'v1'): Sample => ({
  name: `${service} ${version}`,
  serviceAccount: `bookinfo-${service}`,
  file: file(`bookinfo/${service}`),
  version,
})

const httpbin = (version: string): Sample => ({
  name: `httpbin ${version}`,
  file: file('samples/httpbin'),
  version,
  ...(version === 'v1' ? { urlAs: 'HTTPBIN' } : {}),
})

const echo = (version: string, greeting: string): Sample => ({
  name: `tcp-echo ${version}`,
  file: file('samples/tcp-echo'),
  args: [greeting],
  version,
})

const hello = (locality: string): Sample => ({
  name: `helloworld ${locality}`,
  file: file('samples/helloworld'),
  locality,
  pidAs: `HELLOWORLD_${locality.replaceAll('/', '_').toUpperCase()}`,
})

/** What can be asked for by name, and the processes that it comes to. */
export const SETS: Readonly<Record<string, readonly Sample[]>> = {
  bookinfo: [
    bookinfo('details'),
    bookinfo('ratings'),
    ...['v1', 'v2', 'v3'].map((version) => bookinfo('reviews', version)),
    { ...bookinfo('productpage'), urlAs: 'PRODUCTPAGE' },
  ],
  'bookinfo-grpc': [
    bookinfo('details'),
    bookinfo('ratings'),
    { ...bookinfo('reviews', 'v2'), env: { RATINGS_PROTOCOL: 'grpc' } },
    { ...bookinfo('productpage'), urlAs: 'PRODUCTPAGE' },
  ],
  'tcp-echo': [echo('v1', 'one'), echo('v2', 'two')],
  'ext-authz': [{ name: 'ext-authz v1', file: file('samples/ext-authz') }],
  httpbin: [httpbin('v1')],
  'httpbin-v2': [httpbin('v2')],
  helloworld: ['region1/zone1', 'region1/zone2', 'region2/zone3', 'region3/zone4'].map(hello),
}
