// One way to serve gRPC, in a process of its own. BENCH_VARIANT says which.
import { Server } from '@grpc/grpc-js'
import { addReviews } from '../lib/grpc-service.ts'
import { bindBare } from '../lib/grpc-tls.ts'
import { portCommands } from '../lib/port-commands.ts'
import { serveCommands } from '../lib/worker.ts'

const VARIANTS: Readonly<Record<string, () => Promise<number>>> = {
  'grpc-js server': () => {
    const server = new Server()
    addReviews(server)
    return bindBare(server)
  },
  'grpc.serve': async () => {
    const { createMesh } = await import('@weft/mesh-client')
    const { meshGrpc } = await import('@weft/mesh-client/grpc')
    const mesh = createMesh({ service: 'bench-server' })
    const grpc = meshGrpc(mesh)
    const server = new Server(grpc.serverOptions())
    addReviews(server)
    const { port } = await grpc.serve(server, { port: 0, host: '127.0.0.1' })
    await mesh.ready()
    return port
  },
}

const start = VARIANTS[process.env.BENCH_VARIANT as string]
if (start === undefined) throw new Error(`no variant ${process.env.BENCH_VARIANT}`)
serveCommands(portCommands(await start()))
