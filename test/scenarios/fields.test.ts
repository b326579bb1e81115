import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { misses } from '../support/scenario-outcome.ts'
import { openScenarioScene, type ScenarioScene } from '../support/scenario-scene.ts'
import { parseScenarios } from '../support/scenario-text.ts'

/*
 * The pages in fields/ say of each field of a VirtualService and a DestinationRule what it does, as given resources, requests
 * and outcomes. Here they are played over real sockets, each page in a mesh of its own.
 */

const FOLDER = new URL('fields/', import.meta.url)
const pages = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.md') && file !== 'README.md')
  .sort()

describe.each(pages)('%s', (file) => {
  const text = readFileSync(new URL(file, FOLDER), 'utf8')
  const scenarios = parseScenarios(text, file)
  let scene: ScenarioScene

  beforeAll(async () => {
    scene = await openScenarioScene({ silent: text.includes('http://silent/') })
  }, 30_000)

  afterAll(() => scene[Symbol.asyncDispose]())

  test.each(scenarios)('$name', { timeout: 30_000 }, async (scenario) => {
    const wrong = await scene.play(scenario, (row, result) =>
      misses(row.outcome, result).map((miss) => `${file}:${row.line} ${row.request}: ${miss}`),
    )
    expect(wrong).toEqual([])
  })
})
