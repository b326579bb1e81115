import { connect, type Socket } from 'node:net'
import type { Mesh, MeshOptions, ServeOptions } from '@weft/mesh-client'
import { describe, expect, test } from 'vitest'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'

interface Chain {
  /** Asks the front and leaves before it has answered. */
  leave(): Promise<void>
  /** Asks the front, takes the answer and closes the connection. */
  ask(): Promise<void>
  /** How the calls of the front to the backend ended. */
  readonly ends: string[]
  readonly front: Mesh
  readonly backend: { arrived: number; gone: number; readonly requestIds: unknown[] }
}

/** A front that calls a backend which never answers, and a backend that counts who comes and goes. */
async function chain(
  scene: MeshScene,
  work: Work,
  serve: ServeOptions = {},
  options: MeshOptions = {},
): Promise<Chain> {
  const backend = { arrived: 0, gone: 0, requestIds: [] as unknown[] }
  await scene.serve('backend', 'v1', (request, response) => {
    backend.arrived++
    backend.requestIds.push(request.headers['x-request-id'])
    response.on('close', () => backend.gone++)
    if (request.url === '/fast') response.end('x')
  })
  const front = scene.join({ service: 'front', ...options })
  const ends: string[] = []
  const told = (call: Promise<unknown>): void => {
    call.then(
      () => ends.push('answered'),
      (error: Error) => ends.push(`${error.name}: ${error.message}`),
    )
  }
  const server = await front.serve((_request, response) => work(front, told, () => response.end()), {
    host: '127.0.0.1',
    ...serve,
  })
  await front.ready({ timeoutMs: 10_000 })
  await (await front.request('http://backend/fast')).body.dump()
  backend.arrived = 0
  backend.gone = 0
  const send = (): Socket => {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write('GET / HTTP/1.1\r\nhost: front\r\nx-request-id: of-the-caller\r\n\r\n')
    return socket
  }
  const ask = async (): Promise<void> => {
    const socket = send()
    await new Promise((resolve) => socket.once('data', resolve))
    socket.destroy()
  }
  const leave = async (): Promise<void> => {
    const socket = send()
    await poll(() => backend.arrived > 0, 'the backend was called')
    socket.destroy()
  }
  return { leave, ask, ends, front, backend }
}

type Work = (mesh: Mesh, told: (call: Promise<unknown>) => void, answer: () => void) => void

describe('a caller that leaves before it has its answer', () => {
  test('takes the calls with it that were made for it, also those made later', async () => {
    await using scene = await openMeshScene()
    let later = (): void => undefined
    const { leave, ends, backend, front } = await chain(scene, (mesh, told) => {
      told(mesh.request('http://backend/a'))
      told(mesh.fetch('http://backend/b'))
      const again = new Promise<void>((resolve) => {
        later = resolve
      })
      told(again.then(() => mesh.request('http://backend/c')))
    })
    await leave()
    await poll(() => ends.length === 2 && backend.gone === 2, 'both calls are cut, and the backend sees it')
    later()
    await poll(() => ends.length === 3, 'the late call fails')
    expect(ends.sort()).toEqual([
      'AbortError: the caller of the request that this call was made for has left',
      'AbortError: the caller of the request that this call was made for has left',
      'TypeError: fetch failed',
    ])
    expect(backend.arrived).toBe(2)
    const lines = (await front.metrics.metrics()).split('\n')
    const left = lines.filter((line) => /^istio_requests_total.*reporter="source".*response_flags="DC"/.test(line))
    expect(left.map((line) => Number(line.split(' ').at(-1))).reduce((sum, count) => sum + count, 0)).toBe(3)
  })

  test('leaves calls alone that go on after its answer', async () => {
    await using scene = await openMeshScene()
    const { ask, ends, backend } = await chain(scene, (mesh, told, answer) => {
      told(mesh.request('http://backend/a', { signal: AbortSignal.timeout(200) }))
      answer()
    })
    await ask()
    await poll(() => ends.length === 1, 'the call ends')
    expect(ends[0]).toMatch(/^TimeoutError/)
    expect(backend.arrived).toBe(1)
  })

  test('leaves alone what is detached, which keeps the headers of the request', async () => {
    await using scene = await openMeshScene()
    const work: Work = (mesh, told) =>
      told(mesh.detach(() => mesh.request('http://backend/a', { signal: AbortSignal.timeout(150) })))
    const { leave, ends, backend } = await chain(scene, work)
    await leave()
    await poll(() => ends.length === 1, 'the call ends')
    expect(ends[0]).toMatch(/^TimeoutError/)
    expect(backend.requestIds).toContain('of-the-caller')
  })

  test('leaves them alone where the server says so', async () => {
    await using scene = await openMeshScene()
    const work: Work = (mesh, told) => told(mesh.request('http://backend/a', { signal: AbortSignal.timeout(150) }))
    const { leave, ends } = await chain(scene, work, { cancelOnDisconnect: false })
    await leave()
    await poll(() => ends.length === 1, 'the call ends')
    expect(ends[0]).toMatch(/^TimeoutError/)
  })
})
