import { expect, test } from 'vitest'
import { MessageTally } from '../../../../packages/mesh-client/src/kernel/message-tally.ts'

const ONE = Buffer.from([0, 0, 0, 0, 1, 7])

test('a call is a stream from its second message in one direction on, which is told once', () => {
  const tally = new MessageTally()
  expect([tally.fromClient(ONE), tally.fromServer(ONE), tally.isStream]).toEqual([false, false, false])
  expect([tally.fromServer(ONE), tally.fromClient(ONE), tally.isStream]).toEqual([true, false, true])
})

test('messages are taken once, and those that a further attempt sends again are no more', () => {
  const tally = new MessageTally()
  for (const chunk of [ONE, ONE, ONE]) tally.fromClient(chunk)
  expect(tally.take()).toEqual({ request: 3, response: 0 })
  tally.request.reset()
  tally.fromClient(ONE)
  tally.fromServer(ONE)
  expect(tally.take()).toEqual({ request: 0, response: 1 })
  for (const chunk of [ONE, ONE, ONE]) tally.fromClient(chunk)
  expect(tally.take()).toEqual({ request: 1, response: 0 })
  expect(tally.take()).toEqual({ request: 0, response: 0 })
})

test('a message counts when all of it has passed, wherever it is cut', () => {
  const tally = new MessageTally()
  tally.fromServer(ONE.subarray(0, 5))
  expect(tally.take()).toEqual({ request: 0, response: 0 })
  tally.fromServer(ONE.subarray(5))
  expect(tally.take()).toEqual({ request: 0, response: 1 })
})
