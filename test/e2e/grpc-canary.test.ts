import { expect, test } from 'vitest'
import { startProcess } from '../support/process.ts'

test('the canary of a gRPC service goes as its story tells', { timeout: 120_000 }, async () => {
  await using story = startProcess('packages/examples/src/grpc-canary/main.ts')
  expect([await story.exited, story.output()]).toEqual([0, expect.not.stringContaining('✗')])
  // What each step came to is printed; a step left out would not be missed by the exit code.
  const facts = [
    /everybody: \d+ × v1, \d+ × v2\n {2}testers: {3}40 × v2/,
    /without: [^\n]*UNAVAILABLE/,
    /with: {4}\d+ × v1(, \d+ × v2)?; [1-9]\d* of them in a second attempt/,
    /front: 1000 ms left\n {2}greeter v[12]: \d{1,4} ms left\n {2}dictionary, attempt \d: \d{1,4} ms left/,
    /300 ms given: DEADLINE_EXCEEDED after \d+ ms/,
    /10 pushes, \d+ calls, none failed; \d+ connections before, none opened since/,
    /v2 for everybody\n {2}40 × v2/,
  ]
  for (const fact of facts) expect(story.output()).toMatch(fact)
})
