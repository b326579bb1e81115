import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ControlServer, type ControlServerOptions, startControlServer } from '@weft/control-server'
import { createMesh, type Mesh, type MeshOptions } from '@weft/mesh-client'
import { call } from './control-server.ts'

/** A control server and the meshes that joined it, all in this process and with real sockets between them. */
export interface MeshScene extends AsyncDisposable {
  readonly control: ControlServer
  /** What any of the meshes has warned of. */
  readonly warnings: readonly string[]
  join(options?: MeshOptions): Mesh
  /** Joins as somebody who can prove it. */
  joinAs(namespace: string, serviceAccount: string, options?: MeshOptions): Promise<Mesh>
  /** Serves as an instance of a service; resolves when it is registered. */
  serve(service: string, version: string, answer: Answer, options?: MeshOptions): Promise<Mesh>
  /** Stores resources and waits until every client enforces them or refuses; fails where the API refuses. */
  apply(
    ...resources: readonly object[]
  ): Promise<{ readonly acked: number; readonly nacked: number; readonly pending: number }>
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

export async function openMeshScene(options: ControlServerOptions = {}): Promise<MeshScene> {
  const control = await startControlServer({ listen: '127.0.0.1:0', store: 'memory', ...options })
  const meshes: Mesh[] = []
  const warnings: string[] = []
  const quiet = (): void => undefined
  const tell = (text: string, details?: object): void => void warnings.push(`${text} ${JSON.stringify(details ?? {})}`)
  const join = (options: MeshOptions = {}): Mesh => {
    const logger = { debug: quiet, info: quiet, warn: tell, error: tell }
    const mesh = createMesh({ control: control.url, drainDelayMs: 0, logger, ...options })
    meshes.push(mesh)
    return mesh
  }
  return {
    control,
    warnings,
    join,
    async joinAs(namespace, serviceAccount, options) {
      const token = await control.createToken({ namespace, serviceAccount })
      return join({ namespace, serviceAccount, token, localDirectory: false, ...options })
    },
    async serve(service, version, answer, options) {
      const mesh = join({ service, version, ...options })
      await mesh.serve(answer, { host: '127.0.0.1' })
      await mesh.ready({ timeoutMs: 10_000 })
      return mesh
    },
    async apply(...resources) {
      const { status, body } = await call(`${control.url}/v1/apply?wait=5s`, 'POST', resources)
      if (status !== 200) throw new Error(`refused: ${JSON.stringify(body)}`)
      return body
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(meshes.map((mesh) => mesh.close({ timeoutMs: 2_000 })))
      await control.close()
    },
  }
}

export function destinationRule(host: string, spec: object): object {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: host },
    spec: { host, ...spec },
  }
}
