import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Mesh } from '@weft/mesh-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../support/control-server.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { poll } from '../support/poll.ts'
import { startProcess } from '../support/process.ts'
import { ROOT } from '../support/source-files.ts'

/*
 * Versions test, staging and production in two regions. The rule of the mesh, in the root namespace: a header names the version,
 * and of its instances the near ones answer. The exception of one service, in its own: tests share staging, and only the EU answers.
 */

const FOLDER = path.join(ROOT, 'packages/examples/src/regions')
const INSTANCES = ['production eu', 'production us', 'staging eu', 'test eu'] as const

let scene: MeshScene
const served = new Map<string, Mesh>()
const callers = new Map<string, Mesh>()

/** Stores a file of the example. */
async function given(file: string): Promise<void> {
  const text = readFileSync(path.join(FOLDER, file), 'utf8')
  const { status, body } = await call(`${scene.control.url}/v1/apply?wait=5s`, 'POST', text, 'application/yaml')
  expect({ status, nacked: body.nacked, pending: body.pending }).toEqual({ status: 200, nacked: 0, pending: 0 })
}

/** Who answers 20 requests: `production eu`, or a refusal; several are joined. */
async function answers(caller: string, host: string, environment?: string): Promise<string> {
  const headers: Record<string, string> = environment === undefined ? {} : { 'x-environment': environment }
  const who = new Set<string>()
  for (let at = 0; at < 20; at++) {
    const response = await (callers.get(caller) as Mesh).fetch(`http://${host}.default/`, { headers })
    const text = await response.text()
    who.add(response.headers.get('x-weft-response-flags') ?? text)
  }
  return [...who].sort().join(', ')
}

beforeAll(async () => {
  scene = await openMeshScene()
  for (const service of ['cart', 'payments']) {
    for (const instance of INSTANCES) {
      if (service === 'payments' && instance === 'test eu') continue
      const [version = '', locality = ''] = instance.split(' ')
      const mesh = await scene.serve(service, version, (_request, response) => response.end(instance), { locality })
      served.set(`${service} ${instance}`, mesh)
    }
  }
  for (const locality of ['eu', 'us']) callers.set(locality, scene.join({ service: 'shop', locality }))
  callers.set('lab in us', scene.join({ service: 'bench', namespace: 'lab', locality: 'us' }))
  for (const caller of callers.keys()) {
    for (const host of ['cart', 'payments']) await answers(caller, host)
  }
})

afterAll(() => scene[Symbol.asyncDispose]())

describe('given the rule of the whole mesh', () => {
  beforeAll(() => given('mesh-wide.yaml'))

  test.each([
    ['eu', 'cart', undefined, 'production eu'],
    ['us', 'cart', undefined, 'production us'],
    ['us', 'cart', 'production', 'production us'],
    ['eu', 'cart', 'staging', 'staging eu'],
    ['us', 'cart', 'staging', 'staging eu'],
    ['us', 'cart', 'test', 'test eu'],
    ['eu', 'payments', undefined, 'production eu'],
    ['us', 'payments', undefined, 'production us'],
    ['us', 'payments', 'staging', 'staging eu'],
    ['eu', 'payments', 'test', 'UH'],
    ['lab in us', 'cart', 'test', 'test eu'],
    ['lab in us', 'payments', undefined, 'production us'],
    ['lab in us', 'payments', 'test', 'UH'],
  ])('from %s a request of %s for %s gets %s', async (from, host, environment, expected) => {
    expect(await answers(from, host, environment)).toBe(expected)
  })
})

describe('given the exception of payments besides', () => {
  beforeAll(() => given('exception.yaml'))

  test.each([
    ['eu', 'payments', undefined, 'production eu'],
    ['us', 'payments', undefined, 'production eu'],
    ['us', 'payments', 'staging', 'staging eu'],
    ['us', 'payments', 'test', 'staging eu'],
    // Its routes are private to its namespace; its DestinationRule is not, and that knows no subset test any more.
    ['lab in us', 'payments', 'test', 'NC'],
    ['lab in us', 'payments', undefined, 'production eu'],
    ['us', 'cart', undefined, 'production us'],
    ['us', 'cart', 'test', 'test eu'],
  ])('from %s a request of %s for %s gets %s', async (from, host, environment, expected) => {
    expect(await answers(from, host, environment)).toBe(expected)
  })

  test('when the mesh stops looking at places, payments goes on, and back', async () => {
    await given('anywhere.yaml')
    expect(await answers('us', 'cart')).toBe('production eu, production us')
    expect(await answers('us', 'payments')).toBe('production eu')
    await given('mesh-wide.yaml')
    expect(await answers('us', 'cart')).toBe('production us')
  })

  test('when the last near instance goes, the other region answers, and nobody stands in for payments', async () => {
    await served.get('cart production us')?.close()
    await poll(async () => (await answers('us', 'cart')) === 'production eu', 'the failover of cart')
    await served.get('payments production eu')?.close()
    await poll(async () => (await answers('us', 'payments')) === 'UH', 'the end of payments in the EU')
    expect(scene.warnings).toEqual([])
  })
})

test('the example tells the same with a process for each instance', { timeout: 60_000 }, async () => {
  await using example = startProcess(path.join(FOLDER, 'main.ts'))
  expect([await example.exited, example.output()]).toEqual([0, expect.stringContaining('10 processes')])
  expect(example.output()).toContain('us:          shop production us > cart production us > payments production eu')
})
