import { expect, test } from 'vitest'
import { grpcStatusOfHttp } from '../../../../packages/mesh-client/src/inbound/grpc-status.ts'

test('without an answer there is none', () => {
  expect([grpcStatusOfHttp(0), grpcStatusOfHttp(200)]).toEqual(['', '2'])
})
