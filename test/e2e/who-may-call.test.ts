import { afterEach, expect, test } from 'vitest'
import { call } from '../support/control-server.ts'
import { issuerKey, jwksOf, signedToken } from '../support/jwt.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { authorizationPolicy, meshConfig, requestAuthentication } from '../support/test-model.ts'

let scene: MeshScene | undefined
afterEach(() => scene?.[Symbol.asyncDispose]())

/** Services `reviews` and `ratings`, and who asks them. */
async function openTown(): Promise<
  MeshScene & { status(path: string, headers?: Record<string, string>): Promise<number> }
> {
  const opened = await openMeshScene()
  scene = opened
  for (const service of ['reviews', 'ratings'])
    await opened.serve(service, 'v1', (_, response) => response.end(service))
  const caller = opened.join({ service: 'caller' })
  await caller.ready()
  return {
    ...opened,
    async status(path, headers = {}) {
      const { statusCode, body } = await caller.request(`http://${path}`, { headers })
      await body.dump()
      return statusCode
    },
  }
}

test('a policy holds when its write has waited, for whom it selects, and is gone when it is deleted', async () => {
  const town = await openTown()
  const policy = authorizationPolicy('p', {
    selector: { matchLabels: { app: 'reviews' } },
    action: 'DENY',
    rules: [{ to: [{ operation: { paths: ['/secret*'], methods: ['GET'] } }] }],
  })
  // The caller serves nothing, and is in the namespace all the same.
  expect(await town.apply(policy)).toMatchObject({ acked: 3, nacked: 0, pending: 0 })
  expect(
    await Promise.all(
      ['reviews/secret', 'reviews//secret', 'reviews/x/../secret', 'reviews/'].map((path) => town.status(path)),
    ),
  ).toEqual([403, 200, 403, 200])
  expect(await town.status('ratings/secret')).toBe(200)
  const at = `${town.control.url}/apis/security.istio.io/v1/namespaces/default/authorizationpolicies/p`
  expect(await call(`${at}?wait=5s`, 'DELETE')).toMatchObject({ status: 200 })
  expect(await town.status('reviews/secret')).toBe(200)
})

test('paths are made one as the mesh says, before policies look at them', async () => {
  const town = await openTown()
  await town.apply(
    meshConfig({ pathNormalization: { normalization: 'MERGE_SLASHES' } }),
    authorizationPolicy('p', { action: 'DENY', rules: [{ to: [{ operation: { paths: ['/secret'] } }] }] }),
  )
  expect(await town.status('reviews//secret')).toBe(403)
})

test('nothing that is not allowed passes, and a dry run allows all', async () => {
  const town = await openTown()
  await town.apply(authorizationPolicy('nothing', {}, 'istio-system'))
  expect([await town.status('reviews/'), await town.status('ratings/')]).toEqual([403, 403])
  const rules = [{ from: [{ source: { ipBlocks: ['127.0.0.0/8'] } }], to: [{ operation: { hosts: ['reviews'] } }] }]
  await town.apply(authorizationPolicy('some', { rules }))
  expect([await town.status('reviews/'), await town.status('ratings/')]).toEqual([200, 403])
  const tried = authorizationPolicy('nothing', {}, 'istio-system')
  await town.apply({ ...tried, metadata: { ...tried.metadata, annotations: { 'istio.io/dry-run': 'true' } } })
  expect(await town.status('ratings/')).toBe(403)
  await call(
    `${town.control.url}/apis/security.istio.io/v1/namespaces/default/authorizationpolicies/some?wait=5s`,
    'DELETE',
  )
  expect(await town.status('ratings/')).toBe(200)
})

test('tokens are proven where they are believed, and demanded where a policy does', async () => {
  const town = await openTown()
  const key = issuerKey('k')
  const bearer = (iss: string): Record<string, string> => {
    const exp = Math.floor(Date.now() / 1000) + 3600
    return { authorization: `Bearer ${signedToken(key, { iss, sub: 'jason', groups: ['readers'], exp })}` }
  }
  await town.apply(requestAuthentication('tokens', { jwtRules: [{ issuer: 'us', jwks: jwksOf(key) }] }))
  expect(await town.status('reviews/')).toBe(200)
  expect([await town.status('reviews/', bearer('us')), await town.status('reviews/', bearer('them'))]).toEqual([
    200, 401,
  ])
  const readers = { key: 'request.auth.claims[groups]', values: ['readers'] }
  const rules = [{ from: [{ source: { requestPrincipals: ['us/*'] } }], when: [readers] }]
  await town.apply(authorizationPolicy('demand', { rules }))
  expect([await town.status('reviews/'), await town.status('reviews/', bearer('us'))]).toEqual([403, 200])
})

test('a provider that the mesh does not have denies what matches, and nothing else', async () => {
  const town = await openTown()
  const rules = [{ to: [{ operation: { paths: ['/asked'] } }] }]
  await town.apply(authorizationPolicy('p', { action: 'CUSTOM', provider: { name: 'nobody' }, rules }))
  expect([await town.status('reviews/asked'), await town.status('reviews/')]).toEqual([403, 200])
})

test('what Istio refuses is refused with the path of the field', async () => {
  const town = await openTown()
  const at = `${town.control.url}/apis/security.istio.io/v1beta1/namespaces/default/peerauthentications/p`
  const { status, body } = await call(at, 'PUT', {
    metadata: { name: 'p' },
    spec: { portLevelMtls: { 80: { mode: 'STRICT' } } },
  })
  expect([status, body.details.causes[0].field]).toEqual([422, 'spec.portLevelMtls'])
})
