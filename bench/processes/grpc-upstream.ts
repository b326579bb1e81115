// A bare server of gRPC on two ports, for two endpoints, that counts the connections it is called by; over mutual TLS where there is BENCH_TLS.
import { subscribe } from 'node:diagnostics_channel'
import { Server } from '@grpc/grpc-js'
import { addReviews } from '../lib/grpc-service.ts'
import { bindBare } from '../lib/grpc-tls.ts'
import { serveCommands } from '../lib/worker.ts'

let connections = 0
// Told by Node of each socket that a server accepts, whatever is said over it afterwards.
subscribe('net.server.socket', () => {
  connections++
})

function listen(): Promise<number> {
  const server = new Server()
  addReviews(server)
  return bindBare(server)
}

const ports = [await listen(), await listen()]
serveCommands({ ports: () => ports, connections: () => connections })
