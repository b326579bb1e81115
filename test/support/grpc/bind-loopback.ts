import { type Server, ServerCredentials } from '@grpc/grpc-js'

/** Binds a server of grpc-js itself to loopback; gives its port. */
export function bindLoopback(
  server: Server,
  { port = 0, credentials = ServerCredentials.createInsecure() } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
}
