import { once } from 'node:events'
import { connect, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { Listener } from '../../packages/mesh-client/src/http/inbound/listener.ts'
import { GRPC_HEADERS, grpcCall, grpcFrame, inTurn, refuseGrpc, sayGrpc } from '../support/grpc-requests.ts'
import { heldReports } from '../support/held-reports.ts'
import { startHttp2Upstream } from '../support/http2-upstream.ts'
import { inboundHarness } from '../support/inbound.ts'
import { outboundHarness } from '../support/outbound.ts'
import { retrying } from '../support/outbound-retries.ts'
import { poll } from '../support/poll.ts'

const tallies = ({
  calls,
}: {
  calls: readonly { requestMessages?: number | undefined; responseMessages?: number | undefined }[]
}) => calls.map(({ requestMessages, responseMessages }) => [requestMessages, responseMessages])

test('a stream of a caller tells its messages while it runs, and at its end only what is left', async () => {
  const { due, timers } = heldReports()
  await using up = await startHttp2Upstream((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.pipe(stream)
  })
  await using mesh = outboundHarness({ endpoints: [up.endpoint], timers })
  const body = new PassThrough()
  const response = await Promise.all([
    mesh.outbound.request('http://reviews/pkg.Reviews/Chat', { method: 'POST', headers: GRPC_HEADERS, body }),
    body.write(grpcFrame('a')),
  ]).then(([answered]) => answered)
  let heard = 0
  response.body.on('data', (chunk: Buffer) => {
    heard += chunk.length
  })
  const frame = grpcFrame('a').length
  await poll(() => heard === frame, 'one message')
  expect(due).toEqual([])
  body.write(Buffer.concat([grpcFrame('b'), grpcFrame('c')]))
  await poll(() => heard === 3 * frame, 'three messages')
  expect(due).toHaveLength(1)
  due.shift()?.()
  expect(due).toHaveLength(1)
  due.shift()?.()
  body.end(grpcFrame('d'))
  await poll(() => mesh.recorder.calls.length === 1, 'the end')
  expect(mesh.recorder.events).toEqual(['messages:3/3'])
  expect(tallies(mesh.recorder)).toEqual([[1, 1]])
  expect(due).toEqual([])
})

test('a unary call is never followed, and its message counts once, whatever its attempts', async () => {
  const { due, timers } = heldReports()
  await using up = await startHttp2Upstream(inTurn(refuseGrpc(14), sayGrpc(['ok'])))
  await using mesh = outboundHarness({
    endpoints: [up.endpoint],
    timers,
    routes: retrying({ retryOn: ['unavailable'], numRetries: 2 }),
  })
  expect(await grpcCall(mesh.outbound)).toMatchObject({ status: '0', messages: ['ok'] })
  expect(up.seen).toHaveLength(2)
  expect(tallies(mesh.recorder)).toEqual([[1, 1]])
  expect(due).toEqual([])
})

test('messages are counted also where gRPC is served by a server of HTTP/2', async () => {
  await using harness = inboundHarness()
  const answer = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/grpc' })
    request.on('data', () => undefined)
    request.on('end', () => {
      response.write(grpcFrame('a').subarray(0, 3))
      response.write(Buffer.concat([grpcFrame('a').subarray(3), grpcFrame('b')]))
      response.addTrailers({ 'grpc-status': '0' })
      response.end(grpcFrame('c'))
    })
  }
  const server = await harness.inbound.serve(answer as unknown as Listener, { host: '127.0.0.1', protocol: 'http2' })
  const session = connect(`http://127.0.0.1:${server.port}`)
  const stream = session.request({ ':method': 'POST', ':path': '/pkg.Reviews/Get', ...GRPC_HEADERS })
  stream.end(Buffer.concat([grpcFrame('a'), grpcFrame('b')]))
  stream.resume()
  await once(stream, 'close')
  session.close()
  await poll(() => harness.calls.length === 1, 'the record')
  expect(harness.calls).toMatchObject([{ protocol: 'grpc', grpcStatus: '0', requestMessages: 2, responseMessages: 3 }])
})
