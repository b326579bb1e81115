import { expect, test } from 'vitest'
import {
  createLocalFallback,
  type LocalFallback,
} from '../../../../packages/mesh-client/src/discovery/local-fallback.ts'
import type { LocalPeers } from '../../../../packages/mesh-client/src/discovery/local-peers.ts'
import { strictLogger } from '../../../support/strict-logger.ts'

interface Bench {
  readonly fallback: LocalFallback
  /** How many workloads were told of, each time. */
  readonly told: number[]
  reads: number
  /** How many are there. */
  present: number
}

function bench(present: number): Bench {
  const told: number[] = []
  const self: Omit<Bench, 'fallback'> = { told, reads: 0, present }
  const fallback = createLocalFallback({
    directory: {
      async read() {
        self.reads++
        return { workloads: Array(self.present).fill({}), addresses: [] } as LocalPeers
      },
    },
    logger: strictLogger,
    onPeers: ({ workloads }) => told.push(workloads.length),
  })
  return Object.assign(self, { fallback })
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a process that did not start from last-known-good policy never looks', async () => {
  const self = bench(2)
  self.fallback.again()
  self.fallback.end()
  self.fallback.again()
  await self.fallback.begin()
  expect(self).toMatchObject({ told: [], reads: 0 })
})

test('what is there is told at the start, again after each failed try, and dropped at the end for good', async () => {
  const self = bench(2)
  await self.fallback.begin()
  expect(self.told).toEqual([2])
  self.present = 3
  self.fallback.again()
  self.fallback.again()
  await settled()
  expect(self).toMatchObject({ told: [2, 3], reads: 2 })
  self.fallback.end()
  self.fallback.again()
  self.fallback.end()
  await settled()
  expect(self).toMatchObject({ told: [2, 3, 0], reads: 2 })
})

test('what was being read when a control server answered is not told', async () => {
  const self = bench(2)
  const begun = self.fallback.begin()
  self.fallback.end()
  await begun
  expect(self.told).toEqual([])
})

test('nothing found is nothing told, but that the last one went is', async () => {
  const self = bench(0)
  await self.fallback.begin()
  expect(self.told).toEqual([])
  for (self.present of [1, 0, 0]) {
    self.fallback.again()
    await settled()
  }
  expect(self.told).toEqual([1, 0])
})
