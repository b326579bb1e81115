// A canary of a gRPC service, from its first call in ten to all of them: weights and a header match, retries, deadlines that
// follow the calls, policy that changes under load. Ends with exit code 0 when all went as it should, else 1.
import { exitWith } from '../demo/exit-with.ts'
import { Stage } from './stage.ts'
import { STEPS, type Step } from './story.ts'

/** Plays a step and prints it; true when all was right. */
async function play(stage: Stage, { name, play }: Step): Promise<boolean> {
  console.log(`\n${name}`)
  try {
    for (const line of await play(stage)) console.log(`  ${line}`)
    return true
  } catch (error) {
    console.log(`  ✗ ${(error as Error).message}`)
    return false
  }
}

async function main(): Promise<number> {
  const stage = await Stage.start()
  console.log(`${stage.processCount} processes, mutual TLS between them; HTTP to the front, gRPC behind it`)
  try {
    let good = true
    for (const step of STEPS) good = (await play(stage, step)) && good
    return good ? 0 : 1
  } finally {
    await stage.stop()
  }
}

await exitWith(main)
