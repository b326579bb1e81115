import { expect, test } from 'vitest'
import { GrpcAccount } from '../../../../packages/mesh-client/src/call/grpc-account.ts'

const ONE = Buffer.from([0, 0, 0, 0, 1, 7])

test('the trailers tell how a call ended, else its headers, else its status of HTTP', () => {
  const statuses = (
    [
      [{ 'grpc-status': '0' }, { 'grpc-status': '7' }, 200],
      [{ 'grpc-status': '5' }, {}, 200],
      [{}, {}, 404],
      [{}, { 'grpc-status': '300' }, 200],
    ] as const
  ).map(([headers, trailers, httpStatus]) => {
    const account = new GrpcAccount()
    account.answered(headers)
    const outcome = account.ended(httpStatus, trailers)
    return [account.status, outcome]
  })
  expect(statuses).toEqual([
    [7, { kind: 'response', status: 403 }],
    [5, { kind: 'response', status: 404 }],
    [12, { kind: 'response', status: 501 }],
    [-1, { kind: 'response', status: 500 }],
  ])
})

test('the messages of the newest attempt are counted, in whatever form they are sent', () => {
  const account = new GrpcAccount()
  account.sent(ONE)
  account.sent(ONE.subarray(0, 3))
  account.request.reset()
  account.sent('\0\0\0\0\u0002ab')
  account.sent(new Uint8Array(ONE))
  account.sent({ not: 'bytes' })
  account.response.add(Buffer.concat([ONE, ONE, ONE]))
  expect([account.request.messages, account.response.messages]).toEqual([2, 3])
})
