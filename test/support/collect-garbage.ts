import v8 from 'node:v8'
import vm from 'node:vm'

/** Collects garbage, so that a `WeakRef` tells whether anything still holds its target. */
export async function collectGarbage(): Promise<void> {
  v8.setFlagsFromString('--expose-gc')
  const collect = vm.runInNewContext('gc') as () => void
  // A target stays until the end of the turn in which it was last looked at.
  await new Promise((resolve) => setTimeout(resolve, 0))
  collect()
}
