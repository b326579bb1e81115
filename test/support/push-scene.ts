import { createPush, type Push } from '../../packages/control-server/src/push/push.ts'
import type { TrustSource } from '../../packages/control-server/src/push/trust-bundles.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { strictLogger } from './strict-logger.ts'
import { destinationRule, type TestModel, type TestResource, testModel, virtualService } from './test-model.ts'

export const HOST = 'reviews.default.svc.cluster.local'

export interface PushScene {
  readonly time: FakeClock
  readonly model: TestModel
  readonly push: Push
}

/** A push service over a mesh that was set up before it started. */
export function pushScene(setUp: (model: TestModel) => void = () => undefined, trust?: TrustSource): PushScene {
  const time = fakeClock()
  const model = testModel()
  setUp(model)
  const push = createPush({
    models: model,
    clock: time.clock,
    timers: time.timers,
    turn: time.turn,
    epoch: 'epoch',
    logger: strictLogger,
    ...(trust === undefined ? {} : { trust }),
  })
  return { time, model, push }
}

/** Workloads `w0` to `w<count - 1>` of `reviews`, each on a port of its own. */
export function registerReviews(model: TestModel, count: number): void {
  const port = { name: 'http', servicePort: 80, port: 80, protocol: 'http' }
  const workloads = Array.from({ length: count }, (_, id) => [
    `w${id}`,
    { ports: [{ ...port, listenPort: 1_000 + id }] },
  ])
  model.register(Object.fromEntries(workloads))
}

/** A split of `reviews` between its subsets v1 and v2. */
export function split(weight: number): TestResource {
  const route = [
    { destination: { host: 'reviews', subset: 'v1' }, weight: 100 - weight },
    { destination: { host: 'reviews', subset: 'v2' }, weight },
  ]
  return virtualService('reviews', { hosts: ['reviews'], http: [{ route }] })
}

export const SUBSETS: TestResource = destinationRule('reviews', {
  host: 'reviews',
  subsets: [
    { name: 'v1', labels: { version: 'v1' } },
    { name: 'v2', labels: { version: 'v2' } },
  ],
})
