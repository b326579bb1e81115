import { expect, test } from 'vitest'
import { CONTROLS, GRPC, traitsOf } from '../../../../../packages/mesh-client/src/http/outbound/caller-controls.ts'
import { requestHeaders } from '../../../../../packages/mesh-client/src/http/outbound/request-headers.ts'

test.each([
  [{}, 0],
  [{ 'content-type': 'application/json', cookie: 'a', 'x-request-id': '1', 'grpc-metadata': 'x' }, 0],
  [{ 'Content-Type': 'application/grpc+proto' }, GRPC],
  [{ 'content-type': 'application/grpc-web' }, 0],
  [{ 'content-length': 'application/grpc' }, 0],
  [{ 'x-envoy-max-retries': '3' }, CONTROLS],
  [{ 'grpc-timeout': '1S', 'content-type': 'application/grpc' }, CONTROLS + GRPC],
])('the headers %j make a request %i', (given, traits) => {
  expect(traitsOf(requestHeaders(given, 'reviews', ''))).toBe(traits)
})
