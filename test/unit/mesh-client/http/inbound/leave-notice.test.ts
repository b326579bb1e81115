import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { LeaveNotice } from '../../../../../packages/mesh-client/src/http/inbound/leave-notice.ts'

function response(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()))
}

test.each<[string, unknown[]]>([
  ['an object', [{ Connection: 'keep-alive', 'x-a': '1' }]],
  ['an object after a reason', ['Fine', { connection: 'keep-alive', 'x-a': '1' }]],
  ['a list', [['x-a', '1', 'CONNECTION', 'keep-alive']]],
])('the client is told to leave although %s says otherwise', (_form, rest) => {
  const target = response()
  new LeaveNotice(target)
  ;(target.writeHead as (...args: unknown[]) => void)(200, ...rest)
  expect(target.getHeaders()).toEqual({ connection: 'close', 'x-a': '1' })
})

test('withdrawn, it leaves the response as the application writes it', () => {
  const target = response()
  new LeaveNotice(target).withdraw()
  target.setHeader('x-a', '1').writeHead(200, { connection: 'keep-alive' })
  expect(target.getHeaders()).toEqual({ connection: 'keep-alive', 'x-a': '1' })
})
