import { X509Certificate } from 'node:crypto'
import { type ControlServer, startControlServer } from '@weft/control-server'
import { createMesh, type Mesh } from '@weft/mesh-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { poll } from '../support/poll.ts'
import { secureCall } from '../support/secure-api.ts'

/* Certificates of ten seconds, so that all of them are renewed and one root is replaced while calls go on. */
let control: ControlServer
let ratings: Mesh
let reviews: Mesh
beforeAll(async () => {
  control = await startControlServer({ listen: '127.0.0.1:0', store: 'memory', secure: true, certificateTtlMs: 10_000 })
  ;[ratings, reviews] = await Promise.all([join('ratings'), join('reviews')])
})
afterAll(async () => {
  await Promise.all([ratings, reviews].map((mesh) => mesh?.close({ timeoutMs: 2_000 })))
  await control.close()
})

async function join(service: string): Promise<Mesh> {
  const quiet = (): void => undefined
  return createMesh({
    control: control.url,
    service,
    serviceAccount: service,
    token: await control.createToken({ namespace: 'default', serviceAccount: service }),
    drainDelayMs: 0,
    localDirectory: false,
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  })
}

async function ca(): Promise<{ phase: string; roots: string[] }> {
  const { body } = await secureCall(`${control.url}/v1/ca`, { token: control.adminToken as string })
  const roots = body.roots.map(({ certificate }: { certificate: string }) => new X509Certificate(certificate).subject)
  return { phase: body.rotation.phase, roots }
}

test('the root is replaced while calls go on over mutual TLS, and none of them fails', async () => {
  /** Who signed the certificate that the server of each call has seen. */
  const issuers = new Set<string>()
  await ratings.serve(
    (request, response) => {
      const { socket } = request
      if ('getPeerX509Certificate' in socket) {
        issuers.add((socket as import('node:tls').TLSSocket).getPeerX509Certificate()?.issuer ?? 'nobody')
      } else issuers.add('plaintext')
      response.end('five stars')
    },
    { host: '127.0.0.1' },
  )
  await Promise.all([ratings.ready({ timeoutMs: 10_000 }), reviews.ready({ timeoutMs: 10_000 })])
  const before = await ca()

  const outcomes = new Map<string, number>()
  let isOver = false
  const calls = (async () => {
    while (!isOver) {
      const outcome = await reviews.fetch('http://ratings/').then(
        async (response) => `${response.status} ${await response.text()}`,
        (error: Error) => String(error.cause ?? error),
      )
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  await poll(() => issuers.size > 0, 'the first call')
  const rotated = await secureCall(`${control.url}/v1/ca/rotate`, {
    method: 'POST',
    token: control.adminToken as string,
  })
  expect(rotated.status).toBe(202)
  await poll(async () => (await ca()).phase === 'retiring', 'every client to know both roots', 6_000)
  await poll(async () => (await ca()).phase === 'stable', 'the old root to go', 15_000)
  await new Promise((resolve) => setTimeout(resolve, 500))
  isOver = true
  await calls

  const after = await ca()
  expect(after.roots).not.toEqual(before.roots)
  expect(issuers).toEqual(new Set([...before.roots, ...after.roots]))
  expect([...outcomes.keys()]).toEqual(['200 five stars'])
  expect(outcomes.get('200 five stars')).toBeGreaterThan(100)
  for (const mesh of [ratings, reviews])
    expect(mesh.status().identity).toMatchObject({ state: 'held', lastError: undefined })
}, 60_000)
