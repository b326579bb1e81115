// Test, staging and production of one chain of services in two regions: routed by a header and by place, by a rule of the
// whole mesh and one service's exception to it. Ends with exit code 0 when every answer was right, else 1.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { exitWith } from '../demo/exit-with.ts'
import { STEPS, type Step } from './story.ts'
import { World } from './world.ts'

const REQUESTS = 30

/** Plays a step and prints it; true when all was right. */
async function play(world: World, { name, apply, kill, requests }: Step): Promise<boolean> {
  console.log(`\n${name}`)
  if (apply !== undefined) await world.apply(readFileSync(path.resolve(import.meta.dirname, apply), 'utf8'))
  if (kill !== undefined) await world.kill(kill)
  let good = true
  for (const { from, environment, answers } of requests) {
    const got = new Set<string>()
    for (let i = 0; i < REQUESTS; i++) got.add(await world.ask(from, environment))
    const right = got.size === answers.length && answers.every((answer) => got.has(answer))
    good &&= right
    const who = `${from}${environment === undefined ? '' : `, ${environment}`}:`
    for (const answer of [...got].sort()) console.log(`  ${who.padEnd(12)} ${answer}${right ? '' : '  ✗'}`)
    if (!right) for (const answer of answers) console.log(`  ${'expected:'.padEnd(12)} ${answer}`)
  }
  return good
}

async function main(): Promise<number> {
  const world = await World.start()
  console.log(`${world.processCount} processes in two regions; each line is what ${REQUESTS} requests got`)
  try {
    let good = true
    for (const step of STEPS) good = (await play(world, step)) && good
    return good ? 0 : 1
  } finally {
    await world.stop()
  }
}

await exitWith(main)
