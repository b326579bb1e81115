import { startAdsServer } from './ads-server.ts'
import { tlsEnvironment } from './bare-tls.ts'
import type { Way } from './compare-callers.ts'
import { type Control, POLICY, type Registered, register, startControl } from './control.ts'
import { bareTls, joinToken, STRICT } from './identities.ts'
import { startWorker, type Worker } from './worker.ts'
import { xdsPolicy } from './xds-policy.ts'

/** What bare clients, the mesh and proxyless xDS call, each under the policy that it can be told. */
export interface GrpcScene {
  /** A bare server on two ports. */
  readonly upstream: Worker
  readonly bare: Way
  readonly mesh: Way
  /** Not over mutual TLS. */
  readonly xds: Way
  /** Changes the split between the two endpoints, and resolves when the clients of the mesh have it. */
  pushToMesh(percentOfSecond: number): Promise<void>
  pushToXds(percentOfSecond: number): Promise<void>
  close(): Promise<void>
}

const XDS_HOST = 'reviews.bench:80'

export async function openGrpcScene({ mutualTls = false }: { readonly mutualTls?: boolean } = {}): Promise<GrpcScene> {
  const control = await startControl()
  await control.post('/v1/apply', mutualTls ? [STRICT, ...POLICY] : POLICY)
  const tls = mutualTls ? tlsEnvironment(await bareTls(control)) : {}
  const upstream = await startWorker('grpc-upstream', tls)
  const ports = await upstream.call<number[]>('ports')
  const offer: Registered = { protocol: 'grpc', ...(mutualTls ? { tlsMode: 'istio' } : {}) }
  const renewals = await Promise.all(ports.map((port, at) => register(control, 'reviews', port, `v${at + 1}`, offer)))
  const ads = await startAdsServer(xdsPolicy(XDS_HOST, ports))
  const meshEnv = { WEFT_CONTROL: control.url, ...(mutualTls ? { WEFT_TOKEN: await joinToken(control) } : {}) }
  const bareTarget = `ipv4:${ports.map((port) => `127.0.0.1:${port}`).join(',')}`
  return {
    upstream,
    bare: way('grpc-js', { ...tls, BENCH_TARGET: bareTarget }),
    mesh: way('meshGrpc', { ...meshEnv, BENCH_TARGET: 'weft:///reviews:80' }),
    xds: way('grpc-js-xds', { GRPC_XDS_BOOTSTRAP_CONFIG: ads.bootstrap, BENCH_TARGET: `xds:///${XDS_HOST}` }),
    pushToMesh: (weight) => pushToMesh(control, weight),
    pushToXds: (weight) => ads.publish(xdsPolicy(XDS_HOST, ports, 100 - weight), 'RDS'),
    async close() {
      for (const stop of renewals) stop()
      ads.close()
      await upstream.stop()
      await control.close()
    },
  }
}

function way(name: string, env: Readonly<Record<string, string>>): Way {
  return { name, start: () => startWorker('grpc-caller', { ...env, BENCH_VARIANT: name }) }
}

async function pushToMesh(control: Control, weight: number): Promise<void> {
  const canary = { subset: 'v2', weight }
  const pushed = await control.post('/v1/services/default/reviews/canary?wait=5s', canary, 'PUT')
  const { acked, nacked, pending } = pushed as { acked: number; nacked: number; pending: number }
  if (acked !== 1 || nacked + pending > 0) throw new Error(`not taken by the mesh: ${JSON.stringify(pushed)}`)
}
