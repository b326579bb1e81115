/** Tells a story to its end: the process exits with what it comes to, and with 1 where it breaks. */
export async function exitWith(tell: () => Promise<number>): Promise<never> {
  try {
    process.exitCode = await tell()
  } catch (error) {
    console.error(error)
    process.exitCode = 1
  }
  process.exit()
}
