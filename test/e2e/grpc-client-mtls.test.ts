import * as grpc from '@grpc/grpc-js'
import { meshGrpc } from '@weft/mesh-client/grpc'
import { expect, test } from 'vitest'
import { asIs, callPlain, PLAIN_SERVICE } from '../support/grpc-pair.ts'
import { openMeshScene } from '../support/mesh-scene.ts'

const STRICT = {
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'default' },
  spec: { mtls: { mode: 'STRICT' } },
}

/** What a program may ask of a call of any kind. */
type Asked = Pick<grpc.ClientUnaryCall, 'getPeer'> & { getAuthContext(): { sslPeerCertificate?: object } | null }

test('a caller is told who has answered by mutual TLS, and where', async () => {
  await using scene = await openMeshScene()
  const [served, caller] = await Promise.all([
    scene.joinAs('default', 'greeter', { service: 'greeter' }),
    scene.joinAs('default', 'caller', { service: 'caller' }),
  ])
  await scene.apply(STRICT)
  const server = new grpc.Server()
  server.addService(PLAIN_SERVICE, {
    unary: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => done(null, call.request),
    bidi(call: grpc.ServerDuplexStream<Buffer, Buffer>) {
      call.on('data', (message: Buffer) => call.write(message))
      call.on('end', () => call.end())
    },
  } as unknown as grpc.UntypedServiceImplementation)
  const { port } = await meshGrpc(served).serve(server, { host: '127.0.0.1', servicePort: 50_051 })
  await Promise.all([served.ready({ timeoutMs: 10_000 }), caller.ready({ timeoutMs: 10_000 })])
  const edge = meshGrpc(caller)
  const client = new grpc.Client('weft:///greeter:50051', edge.credentials(), edge.channelOptions())
  const metadata = new grpc.Metadata({ waitForReady: true })

  let asked: Asked | undefined
  const seen = await callPlain(client, 'bidi', {
    metadata,
    deadline: Date.now() + 10_000,
    begun: (call) => {
      asked = call as unknown as Asked
    },
  })
  expect(seen).toMatchObject({ code: 0, messages: ['hello'], peer: `127.0.0.1:${port}` })
  expect(asked?.getAuthContext()).toMatchObject({
    transportSecurityType: 'ssl',
    sslPeerCertificate: { subjectaltname: 'URI:spiffe://cluster.local/ns/default/sa/greeter' },
  })
  const error = await new Promise((resolve) =>
    client.makeUnaryRequest('/test.Plain/Nothing', asIs, asIs, Buffer.from('x'), resolve),
  )
  expect(error).toMatchObject({ code: grpc.status.UNIMPLEMENTED })
  client.close()
})
