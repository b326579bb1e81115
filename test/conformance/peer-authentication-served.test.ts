import { type MtlsMode, ROOT_NAMESPACE } from '@weft/mesh-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BareIdentity, bareIdentity } from '../support/bare-identity.ts'
import { call } from '../support/control-server.ts'
import { type MeshScene, openMeshScene } from '../support/mesh-scene.ts'
import { ask, dial, dialTls } from '../support/mesh-tls.ts'
import { readVectors, vectorTitle } from '../support/vectors.ts'
import { ConformanceReport } from './report.ts'

interface Config {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly creationTimestamp?: string }
  readonly spec: { readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> } }
}

interface Row {
  readonly id: string
  readonly group: string
  readonly name: string
  readonly rootNamespace: string
  readonly configs: readonly Config[]
  readonly expected: { readonly mode: MtlsMode; readonly perPort?: Readonly<Record<string, MtlsMode>> }
}

const vectors = readVectors<readonly Omit<Row, 'id'>[]>('istio/semantics.json')
const rows: readonly Row[] = (vectors ?? [])
  .filter(({ group }) => group === 'peer-authentication-compose')
  .map((row, index) => ({ ...row, id: `${row.name} (${index})` }))

const NAMESPACE = 'my-ns'
/** One that no row names. */
const OTHER_PORT = 9999
const PORTS = [
  ...new Set([OTHER_PORT, ...rows.flatMap(({ expected }) => Object.keys(expected.perPort ?? {}).map(Number))]),
]
const LABELS = Object.assign(
  {},
  ...rows.flatMap(({ configs }) => configs.map(({ spec }) => spec.selector?.matchLabels)),
)

/** The row's resources as this mesh calls its root namespace, the oldest first. */
function resourcesOf({ configs, rootNamespace }: Row): readonly Required<Pick<Config, 'metadata' | 'spec'>>[] {
  const age = ({ metadata }: Config): number => Date.parse(metadata.creationTimestamp ?? '1970-01-01')
  return configs
    .toSorted((a, b) => age(a) - age(b))
    .map(({ metadata: { name, namespace }, spec }) => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name, namespace: namespace === rootNamespace ? ROOT_NAMESPACE : namespace },
      spec,
    }))
}

describe.skipIf(vectors === undefined)(vectorTitle('Ports under several PeerAuthentications', vectors), () => {
  const report = new ConformanceReport({
    suite: 'istio-peer-authentication-served',
    title:
      'What Istio makes of several PeerAuthentications, applied to a control server: which ports of a process that serves take plaintext, and which mutual TLS.',
    rows: rows.map(({ id }) => id),
  })
  let scene: MeshScene
  let identity: BareIdentity
  const bound = new Map<number, number>()

  beforeAll(async () => {
    scene = await openMeshScene()
    const mesh = await scene.joinAs(NAMESPACE, 'served', { service: 'served', labels: LABELS })
    for (const servicePort of PORTS) {
      const { port } = await mesh.serve((_request, response) => void response.end('taken'), {
        host: '127.0.0.1',
        servicePort,
      })
      bound.set(servicePort, port)
    }
    identity = await bareIdentity(scene.control, NAMESPACE, 'caller')
    await mesh.ready({ timeoutMs: 10_000 })
  })
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]()
    report.publish()
  })

  async function modeOf(port: number): Promise<MtlsMode | undefined> {
    const number = bound.get(port) as number
    const plaintext = await isTaken(dial(number))
    const tls = await isTaken(
      dialTls(number, { ...identity, ca: [...identity.ca], checkServerIdentity: () => undefined }),
    )
    if (plaintext) return tls ? 'PERMISSIVE' : 'DISABLE'
    return tls ? 'STRICT' : undefined
  }

  async function isTaken(dialled: ReturnType<typeof dial>): Promise<boolean> {
    try {
      return (await ask(await dialled, { headers: { connection: 'close' } })).body === 'taken'
    } catch {
      return false
    }
  }

  test.each(rows)('$id', async (row) => {
    const resources = resourcesOf(row)
    // By themselves, so that each is younger than the one before.
    for (const resource of resources) expect(await scene.apply(resource)).toMatchObject({ nacked: 0, pending: 0 })
    const found = await Promise.all(PORTS.map(async (port) => [port, await modeOf(port)]))
    for (const { metadata } of resources) {
      const path = `/apis/security.istio.io/v1/namespaces/${metadata.namespace}/peerauthentications/${metadata.name}`
      await call(`${scene.control.url}${path}?wait=5s`, 'DELETE')
    }
    expect(found).toEqual(PORTS.map((port) => [port, row.expected.perPort?.[port] ?? row.expected.mode]))
    report.passed(row.id)
  })
})
