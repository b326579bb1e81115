import { expect, test } from 'vitest'
import { asGrpcReply } from '../../../../packages/mesh-client/src/inbound/grpc-reply.ts'
import { textReply } from '../../../../packages/mesh-client/src/inbound/local-reply.ts'

const NO_BODY = new Uint8Array()

test.each([
  [403, 'RBAC: access denied', '7', ['grpc-message', 'RBAC: access denied']],
  [401, 'Jwt is 100 % wrong: é', '16', ['grpc-message', 'Jwt is 100 %25 wrong: %C3%A9']],
  [503, '', '14', []],
  [418, 'tea', '2', ['grpc-message', 'tea']],
])('what is denied with %i says so in the words of gRPC', (status, text, grpcStatus, message) => {
  const headers = ['content-type', 'application/grpc', 'grpc-status', grpcStatus, ...message]
  expect(textReply(status, text, true, ['x-why', 'a'])).toEqual({
    status: 200,
    headers: [...headers, 'x-why', 'a'],
    body: NO_BODY,
  })
  const reply = {
    status,
    headers: ['Content-Type', 'text/plain', 'X-Why', 'a', 'content-length', '9'],
    body: Buffer.from(text),
  }
  expect(asGrpcReply(reply)).toEqual({ status: 200, headers: [...headers, 'x-why', 'a'], body: NO_BODY })
})

test('what is of gRPC already is left as it is', () => {
  const reply = { status: 200, headers: ['Grpc-Status', '3'], body: NO_BODY }
  expect(asGrpcReply(reply)).toBe(reply)
})
