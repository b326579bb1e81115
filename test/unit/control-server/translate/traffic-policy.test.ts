import { expect, test } from 'vitest'
import type { TrafficPolicy } from '../../../../packages/control-server/src/config/spec/destination-rule.ts'
import { effectivePolicy } from '../../../../packages/control-server/src/translate/traffic-policy.ts'

const RANDOM = { loadBalancer: { simple: 'RANDOM' } } as const
const ROUND = { loadBalancer: { simple: 'ROUND_ROBIN' } } as const
const OUTLIER = { outlierDetection: { consecutive5xxErrors: 1 } }
const POOL = { connectionPool: { tcp: { maxConnections: 1 } } }
const BUDGET = { retryBudget: { percent: 1 } }
const onPort = (number: number, blocks: object): TrafficPolicy => ({
  portLevelSettings: [{ port: { number }, ...blocks }],
})

test.each<[string, TrafficPolicy | undefined, TrafficPolicy | undefined, number | undefined, TrafficPolicy]>([
  ['neither', undefined, undefined, 80, {}],
  ['the rule alone', RANDOM, undefined, 80, RANDOM],
  ['the subset alone', undefined, RANDOM, 80, RANDOM],
  ['block by block', { ...RANDOM, ...OUTLIER }, ROUND, 80, { ...ROUND, ...OUTLIER }],
  ['a block is taken whole', { connectionPool: { http: { maxRetries: 1 } } }, POOL, 80, POOL],
  ['an empty block of the subset is one', { ...OUTLIER }, { outlierDetection: {} }, 80, { outlierDetection: {} }],
  ['the port instead of the rule', { ...OUTLIER, ...onPort(80, RANDOM) }, undefined, 80, RANDOM],
  ['another port', { ...OUTLIER, ...onPort(81, RANDOM) }, undefined, 80, OUTLIER],
  ['no port', { ...OUTLIER, ...onPort(80, RANDOM) }, undefined, undefined, OUTLIER],
  [
    'the first of two settings',
    {
      portLevelSettings: [
        { port: { number: 80 }, ...RANDOM },
        { port: { number: 80 }, ...ROUND },
      ],
    },
    undefined,
    80,
    RANDOM,
  ],
  [
    'the port of the subset, and nothing of the rule’s four blocks',
    { ...RANDOM, ...OUTLIER, ...POOL },
    onPort(80, ROUND),
    80,
    ROUND,
  ],
  ['but what no port can say stays', { ...RANDOM, ...BUDGET }, onPort(80, {}), 80, BUDGET],
  [
    'the subset over the port of the rule',
    { ...onPort(80, { ...RANDOM, ...OUTLIER }) },
    ROUND,
    80,
    { ...ROUND, ...OUTLIER },
  ],
  ['the port of both', onPort(80, { ...RANDOM, ...OUTLIER }), onPort(80, ROUND), 80, ROUND],
  ['settings without a port are nobody’s', { portLevelSettings: [{ ...RANDOM }] as never }, undefined, 80, {}],
])('%s', (_, rule, subset, port, expected) => {
  expect(effectivePolicy(rule, subset, port)).toEqual(expected)
})
