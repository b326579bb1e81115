import { readFileSync } from 'node:fs'
import type { Mesh } from '@weft/mesh-client'
import { parseAllDocuments } from 'yaml'
import { kindOf } from '../../../packages/control-server/src/config/resource.ts'
import { call } from '../../support/control-server.ts'
import { type GrpcEcho, grpcEcho } from '../../support/grpc/echo.ts'
import { openMeshScene } from '../../support/mesh-scene.ts'
import { type Echo, type EchoServer, echoServer, REQUEST_ID } from './echo.ts'

const MANIFESTS = new URL('../../../../shared/vectors/gateway-api/', import.meta.url)

/** The ports of the applications in the suite's base manifest. */
const CONTAINER_PORT = 8080
const GRPC_PORT = 7070

interface Resource {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: { readonly template?: { readonly metadata: { readonly labels: Readonly<Record<string, string>> } } }
}

/** An application of the suite; it calls others and is called. */
export interface EchoApp {
  readonly mesh: Mesh
  /** Where it really listens. */
  readonly url: string
  readonly echo: EchoServer
  readonly grpc: GrpcEcho
}

/** The suite's applications as workloads of one mesh, with the routes of one row after the other. */
export interface ConformanceScene extends AsyncDisposable {
  app(name: string, namespace: string): EchoApp
  /** Leaves only these manifests besides the base, enforced by everybody. */
  use(manifests: readonly string[]): Promise<void>
  /** What has arrived anywhere with this id. */
  arrived(id: string): readonly Echo[]
}

/** @param methods the paths of the gRPC calls that will be made */
export async function openConformanceScene(base: string, methods: readonly string[] = []): Promise<ConformanceScene> {
  const scene = await openMeshScene()
  const resources = readManifest(base)
  await scene.apply(...resources.filter(isKnown))
  const apps = new Map<string, EchoApp>()
  for (const { kind, metadata, spec } of resources) {
    if (kind !== 'Deployment') continue
    const { name, namespace } = metadata
    const { version = '', ...labels } = spec.template?.metadata.labels ?? {}
    const echo = echoServer(name, namespace)
    const mesh = scene.join({ service: name, namespace, version, labels })
    const { url } = await mesh.serve(echo.answer, { host: '127.0.0.1', servicePort: CONTAINER_PORT })
    const grpc = grpcEcho(mesh, { app: name, namespace, methods, idKey: REQUEST_ID })
    await grpc.serve(GRPC_PORT)
    await mesh.ready({ timeoutMs: 10_000 })
    apps.set(`${namespace}/${name}`, { mesh, url, echo, grpc })
  }
  let inUse: readonly string[] = []
  return {
    app(name, namespace) {
      const found = apps.get(`${namespace}/${name}`)
      if (found === undefined) throw new Error(`the base has no application ${namespace}/${name}`)
      return found
    },
    async use(manifests) {
      if (manifests.join() === inUse.join()) return
      for (const resource of inUse.flatMap(readManifest)) await remove(scene.control.url, resource)
      inUse = manifests
      const wanted = manifests.flatMap(readManifest)
      if (wanted.length === 0) return
      const { nacked, pending } = await scene.apply(...wanted)
      if (nacked + pending > 0) throw new Error(`${nacked} clients refuse ${manifests}, and ${pending} say nothing`)
    },
    arrived: (id) =>
      [...apps.values()].flatMap(({ echo, grpc }) =>
        [...echo.arrived, ...grpc.arrived].filter((each) => each.id === id),
      ),
    async [Symbol.asyncDispose]() {
      for (const { grpc } of apps.values()) grpc.close()
      await scene[Symbol.asyncDispose]()
    },
  }
}

function readManifest(file: string): Resource[] {
  return parseAllDocuments(readFileSync(new URL(file, MANIFESTS), 'utf8')).flatMap((document) => {
    const resource = document.toJS() as Resource | null
    return resource === null ? [] : [resource]
  })
}

function isKnown({ apiVersion, kind }: Resource): boolean {
  return kindOf(apiVersion, kind) !== undefined
}

async function remove(url: string, { apiVersion, kind, metadata }: Resource): Promise<void> {
  const path = `${url}/apis/${apiVersion}/namespaces/${metadata.namespace}/${kindOf(apiVersion, kind)?.plural}/${metadata.name}`
  const { status, body } = await call(`${path}?wait=5s`, 'DELETE')
  if (status !== 200) throw new Error(`DELETE ${path}: ${status} ${JSON.stringify(body)}`)
}
