import { expect, test } from 'vitest'
import type { ServeOptions } from '../../../../../packages/mesh-client/src/http/inbound/mesh-server.ts'
import { resolveServeOptions } from '../../../../../packages/mesh-client/src/http/inbound/serve-options.ts'

const PLACE = { defaultServicePort: 80, servicePortsTaken: [8080] }

test('what is not said comes from the mesh', () => {
  expect(resolveServeOptions({}, PLACE)).toEqual({
    host: undefined,
    port: 0,
    servicePort: 80,
    protocol: 'http',
    cancelOnDisconnect: true,
    serverFirst: false,
  })
})

test('all problems are told at once', () => {
  const options = { host: '', port: -1, servicePort: 8080, protocol: 'udp', hots: 1 } as unknown as ServeOptions
  expect(() => resolveServeOptions(options, PLACE)).toThrowError(
    expect.objectContaining({
      code: 'WEFT_CONFIG',
      message: expect.stringMatching(/hots is not.*host must.*port must.*protocol must.*servicePort 8080 is served/),
    }),
  )
})

test.each([0, 65_536, 1.5, '80', Number.NaN, null])('servicePort %j is refused', (servicePort) => {
  expect(() => resolveServeOptions({ servicePort } as unknown as ServeOptions, PLACE)).toThrowError(/servicePort must/)
})
