import type { Socket } from 'node:net'
import type { Mesh } from '@weft/mesh-client'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { parseSpiffeId } from '@weft/mesh-protocol'
import { call } from '../../support/control-server.ts'
import { type MeshScene, openMeshScene } from '../../support/mesh-scene.ts'
import { meshConfig } from '../../support/test-model.ts'
import { readVectors } from '../../support/vectors.ts'
import type { AuthorizationRow } from '../authorization-row.ts'
import { askGrpc, greetingServer } from './ask-grpc.ts'
import { askHttp, askTcp, SEEN, type Served } from './ask-served.ts'
import { openProviders } from './providers.ts'
import type { RowSet, StoredResource } from './row-sets.ts'

/** The workloads of all rows, served behind one control server, and whoever calls them. */
export interface Town extends AsyncDisposable {
  /** Makes the policies of a set the only ones; every workload enforces them when it resolves. */
  enact(set: RowSet): Promise<void>
  /** Sends what the row says, as whom it says, and tells whether the application has seen it. */
  ask(row: AuthorizationRow): Promise<AuthorizationRow['expect']>
}

const READY = { timeoutMs: 10_000 }

export async function buildTown(rows: readonly AuthorizationRow[]): Promise<Town> {
  const scene = await openMeshScene()
  const providers = await openProviders()
  const tokens = readVectors<Readonly<Record<string, { token: string }>>>('istio/jwt/tokens.json') ?? {}
  const served = new Map<string, Served>()
  for (const key of new Set(rows.map(workloadOf))) {
    const own = rows.filter((row) => workloadOf(row) === key)
    served.set(key, await serve(scene, own, served.size))
  }
  const callers = await callersOf(scene, rows)
  let stored: readonly StoredResource[] = []
  return {
    async enact({ resources, extAuthz, numTrustedProxies }) {
      const gone = stored.filter((old) => !resources.some((now) => pathOf(now) === pathOf(old)))
      stored = resources
      const { nacked, pending } = await scene.apply(
        meshConfig({
          extensionProviders: providers.extensionProviders(extAuthz),
          defaultConfig: { gatewayTopology: { numTrustedProxies } },
        }),
        ...resources,
      )
      if (nacked + pending > 0) throw new Error(`${nacked} refuse the policies, ${pending} say nothing`)
      for (const old of gone) await call(`${scene.control.url}${pathOf(old)}?wait=5s`, 'DELETE')
    },
    ask(row) {
      const { principal, protocol, port, jwtToken } = row.request
      const target = served.get(workloadOf(row)) as Served
      const caller = typeof principal === 'string' ? callers.get(principal) : undefined
      if (protocol === 'tcp') return askTcp(target, port, caller)
      const token = typeof jwtToken === 'string' ? tokens[jwtToken]?.token : undefined
      if (protocol === 'grpc') return askGrpc(target, row.request, caller, token)
      return askHttp(target, row.request, caller, token)
    },
    async [Symbol.asyncDispose]() {
      await scene[Symbol.asyncDispose]()
      await providers[Symbol.asyncDispose]()
    },
  }
}

/** Ports of one workload that speak HTTP, gRPC and neither are served by processes alike, as numbers may be the same. */
const workloadOf = ({ workload, request }: AuthorizationRow): string => JSON.stringify([request.protocol, workload])

/** Serves all ports that rows about a workload name. */
async function serve(scene: MeshScene, rows: readonly AuthorizationRow[], index: number): Promise<Served> {
  const [{ workload, request }] = rows as readonly [AuthorizationRow]
  const { namespace, labels } = workload
  const service = `served-${index}`
  const mesh = await scene.joinAs(namespace, service, { service, labels })
  const bound = new Map<number, number>()
  for (const servicePort of new Set(rows.map((row) => row.request.port))) {
    const options = { host: '127.0.0.1', servicePort }
    const paths = rows.filter((row) => row.request.port === servicePort).map((row) => row.request.path ?? '/')
    const { port } = await servePort(mesh, request.protocol, options, paths)
    bound.set(servicePort, port)
  }
  await mesh.ready(READY)
  return { host: `${service}.${namespace}.svc.cluster.local`, bound }
}

function servePort(
  mesh: Mesh,
  protocol: AuthorizationRow['request']['protocol'],
  options: { readonly host: string; readonly servicePort: number },
  paths: readonly string[],
): Promise<{ readonly port: number }> {
  if (protocol === 'tcp') return mesh.serve(answerOnce, { ...options, protocol })
  if (protocol === 'grpc') return meshGrpc(mesh).serve(greetingServer(mesh, paths), options)
  return mesh.serve((_request, response) => response.end(SEEN), options)
}

const answerOnce = (socket: Socket): void => {
  socket.on('error', () => undefined)
  socket.once('data', () => socket.end(SEEN))
}

/** A client of the mesh for each principal. */
async function callersOf(scene: MeshScene, rows: readonly AuthorizationRow[]): Promise<ReadonlyMap<string, Mesh>> {
  const callers = new Map<string, Mesh>()
  for (const principal of new Set(rows.map(({ request }) => request.principal))) {
    if (typeof principal !== 'string') continue
    const id = parseSpiffeId(`spiffe://${principal}`)
    if (id === undefined) throw new Error(`nobody can be ${principal}`)
    callers.set(principal, await scene.joinAs(id.namespace, id.serviceAccount))
  }
  await Promise.all([...callers.values()].map((mesh) => mesh.ready(READY)))
  return callers
}

const PLURALS: Readonly<Record<string, string>> = {
  AuthorizationPolicy: 'authorizationpolicies',
  RequestAuthentication: 'requestauthentications',
}

const pathOf = ({ apiVersion, kind, metadata: { name, namespace } }: StoredResource): string =>
  `/apis/${apiVersion}/namespaces/${namespace}/${PLURALS[kind]}/${name}`
