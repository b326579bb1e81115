import { ChannelCredentials, credentials, type Server, ServerCredentials } from '@grpc/grpc-js'
import { clientTls, serverTls } from './bare-tls.ts'

/** What a bare client of gRPC connects with, by BENCH_TLS; absent: plaintext. */
export function bareClientCredentials(): ChannelCredentials {
  const tls = clientTls()
  if (tls === undefined) return credentials.createInsecure()
  const { secureContext, checkServerIdentity } = tls
  return ChannelCredentials.createFromSecureContext(secureContext, { checkServerIdentity })
}

/** What a bare server of gRPC is bound with, by BENCH_TLS; absent: plaintext. It proves its callers. */
export function bareServerCredentials(): ServerCredentials {
  const tls = serverTls()
  if (tls === undefined) return ServerCredentials.createInsecure()
  const [ca, cert, key] = [tls.ca, tls.cert, tls.key].map((pem) => Buffer.from([pem].flat().join('\n')))
  return ServerCredentials.createSsl(ca as Buffer, [{ cert_chain: cert as Buffer, private_key: key as Buffer }], true)
}

/** Binds a server of grpc-js itself to loopback; gives its port. */
export function bindBare(server: Server, given: ServerCredentials = bareServerCredentials()): Promise<number> {
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', given, (error, port) => (error === null ? resolve(port) : reject(error))),
  )
}
