// One way to call a service of gRPC, in a process of its own, which loads nothing that this way does not need. BENCH_VARIANT says
// which; BENCH_TARGET what is called.
import { credentials } from '@grpc/grpc-js'
import { type GrpcRunOptions, newReviewsClient, type ReviewsClient, sendsOf } from '../lib/grpc-service.ts'
import { bareClientCredentials } from '../lib/grpc-tls.ts'
import { closedLoop } from '../lib/measure.ts'
import { serveCommands } from '../lib/worker.ts'

const target = process.env.BENCH_TARGET as string

const ROUND_ROBIN = { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }) }

const VARIANTS: Readonly<Record<string, () => Promise<ReviewsClient>>> = {
  'grpc-js': async () => new newReviewsClient(target, bareClientCredentials(), ROUND_ROBIN),
  'grpc-js-xds': async () => {
    const { register } = await import('@grpc/grpc-js-xds')
    register()
    return new newReviewsClient(target, credentials.createInsecure())
  },
  meshGrpc: async () => {
    const { createMesh } = await import('@weft/mesh-client')
    const { meshGrpc } = await import('@weft/mesh-client/grpc')
    const mesh = createMesh({ service: 'bench' })
    await mesh.ready()
    const grpc = meshGrpc(mesh)
    return new newReviewsClient(target, grpc.credentials(), grpc.channelOptions())
  },
}

const client = await VARIANTS[process.env.BENCH_VARIANT as string]?.()
if (client === undefined) throw new Error(`no variant ${process.env.BENCH_VARIANT}`)
const sends = sendsOf(client)
serveCommands({ run: ({ kind, ...options }: GrpcRunOptions) => closedLoop(sends[kind], options) })
