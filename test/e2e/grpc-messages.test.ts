import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { GRPC_HEADERS, grpcCall, grpcFrame, inTurn, refuseGrpc, sayGrpc } from '../support/grpc-requests.ts'
import { heldReports } from '../support/held-reports.ts'
import { startHttp2Upstream } from '../support/http2-upstream.ts'
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
